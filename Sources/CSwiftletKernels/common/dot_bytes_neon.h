// Four products of 8-bit integers a lane, for register_tile_vector.h. Included by dot_*_neon*.h, which says before how
// four registers' worth of them are added up: add_products(sums, x, w), and what x lacks: TAKEN.

enum { K_STEP = 4, X_SIZE = 1 };

/// Four bytes in every lane.
SWL_INLINE int8x16_t broadcast_four(uint32_t bytes) { return vreinterpretq_s8_u32(vdupq_n_u32(bytes)); }

SWL_INLINE floats dot(floats sums, uint32_t x, floats w) {
  const int8x16_t four = broadcast_four(x);
  return joined(add_products(lower_of(sums), four, (int8x16_t)lower_of(w)),
                add_products(upper_of(sums), four, (int8x16_t)upper_of(w)));
}
