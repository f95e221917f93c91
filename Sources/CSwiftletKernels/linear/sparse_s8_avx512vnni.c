#include "../common/avx512vnni.h"
#if SWL_X86
#include "sparse_s8.h"

/// 8 bytes to every half of a lane. Assembly, lest compilers join two of them to what the next comment avoids.
SWL_INLINE __m512i broadcast_half(const int64_t *p) {
  __m512i v;
  __asm__("vpbroadcastq %1, %0" : "=v"(v) : "m"(*p));
  return v;
}

/// 16 bytes to every lane. vbroadcasti32x4 from memory, and masked broadcasts, cost Zen 4 a load and a shuffle of full
/// width each; two broadcasts of 8 bytes share a load slot. 1.44 cycles a vpdpbusd in place of 1.63, where 1.33 is the
/// bound.
SWL_INLINE __m512i broadcast(const void *p) {
  const int64_t *halves = p;
  return _mm512_mask_blend_epi64(0xaa, broadcast_half(halves), broadcast_half(halves + 1));
}

SWL_INLINE void tile(size_t vectors, const uint8_t *x, const uint8_t *blocks, size_t windows, const swl_window *w,
                     int32_t *to) {
  __m512i acc[5][4];
  for (size_t v = 0; v < vectors; v++)
    for (int r = 0; r < 4; r++)
      acc[v][r] = _mm512_setzero_si512();

  for (size_t i = 0; i < windows; i++, x += vectors * 64) {
    __m512i a[5];
    for (size_t v = 0; v < vectors; v++)
      a[v] = _mm512_load_si512(x + v * 64);
    for (size_t block = blocks[i]; block > 0; block--, w += 4)
#pragma clang loop unroll(full)
      for (int r = 0; r < 4; r++) {
        __m512i index = broadcast(w[r].index), weight = broadcast(w[r].weight);
        for (size_t v = 0; v < vectors; v++)
          acc[v][r] = _mm512_dpbusd_epi32(acc[v][r], _mm512_shuffle_epi8(a[v], index), weight);
      }
  }

  for (size_t v = 0; v < vectors; v++) { // acc[v][r] is [4 tokens][outputs 4 r ... 4 r + 3]: transpose the lanes
    __m512i low01 = _mm512_shuffle_i32x4(acc[v][0], acc[v][1], 0x44),
            low23 = _mm512_shuffle_i32x4(acc[v][2], acc[v][3], 0x44);
    __m512i high01 = _mm512_shuffle_i32x4(acc[v][0], acc[v][1], 0xee),
            high23 = _mm512_shuffle_i32x4(acc[v][2], acc[v][3], 0xee);
    int32_t *row = to + v * 4 * SWL_BLOCK;
    _mm512_storeu_si512(row, _mm512_shuffle_i32x4(low01, low23, 0x88));
    _mm512_storeu_si512(row + SWL_BLOCK, _mm512_shuffle_i32x4(low01, low23, 0xdd));
    _mm512_storeu_si512(row + 2 * SWL_BLOCK, _mm512_shuffle_i32x4(high01, high23, 0x88));
    _mm512_storeu_si512(row + 3 * SWL_BLOCK, _mm512_shuffle_i32x4(high01, high23, 0xdd));
  }
}

static void sums(size_t vectors, const uint8_t *x, const uint8_t *blocks, size_t windows, const swl_window *w,
                 int32_t *to) {
  switch (vectors) {
  case 1:
    return tile(1, x, blocks, windows, w, to);
  case 2:
    return tile(2, x, blocks, windows, w, to);
  case 3:
    return tile(3, x, blocks, windows, w, to);
  case 4:
    return tile(4, x, blocks, windows, w, to);
  default:
    return tile(5, x, blocks, windows, w, to);
  }
}

const swl_sparse_s8 swl_sparse_s8_avx512vnni = {5, 0, sums, swl_linear_finish_avx512};
#pragma clang attribute pop
#endif
