#include "../common/avx512vnni.h"
#if SWL_X86
#include "sparse_gather.h"

enum { HALVES = 2 }; // vectors of 16 outputs

/// Every half of a lane holds the inputs of a step.
SWL_INLINE __m512i broadcast_step(const uint8_t *step) {
  int64_t eight;
  memcpy(&eight, step, sizeof eight);
  return _mm512_set1_epi64(eight);
}

SWL_INLINE __m512i broadcast_candidate(const uint8_t *candidate) {
  int32_t four;
  memcpy(&four, candidate, sizeof four);
  return _mm512_set1_epi32(four);
}

/// The order of the source is that of execution: a blended product after every three shuffled ones.
SWL_INLINE void add_tile(size_t tokens, const swl_gather_record *records, size_t units, const swl_gather_unit *unit,
                         bool first, int32_t *to) {
  __m512i sums[SWL_GATHER_TOKENS][HALVES];
  for (size_t t = 0; t < tokens; t++)
    for (size_t h = 0; h < HALVES; h++)
      sums[t][h] = first ? _mm512_setzero_si512() : _mm512_loadu_si512(to + t * SWL_BLOCK + h * 16);

  for (; units > 0; units--, unit++, records += tokens) {
    __m512i inputs, index[HALVES], weight[HALVES], candidate[SWL_CANDIDATES], blended_weight[HALVES];
    __mmask64 second[HALVES], third[HALVES];
    for (size_t h = 0; h < HALVES; h++) {
      blended_weight[h] = _mm512_load_si512(unit->weight[SWL_SHUFFLED][h]);
      second[h] = unit->takes[0][h];
      third[h] = unit->takes[1][h];
    }
#pragma clang loop unroll(full)
    for (size_t blended = 0; blended < tokens * HALVES; blended++) {
#pragma clang loop unroll(full)
      for (size_t i = blended * SWL_SHUFFLED; i < (blended + 1) * SWL_SHUFFLED; i++) {
        size_t step = i / (tokens * HALVES), t = i % (tokens * HALVES) / HALVES, h = i % HALVES;
        if (t == 0 && h == 0)
          for (size_t half = 0; half < HALVES; half++) {
            index[half] = _mm512_load_si512(unit->index[step][half]);
            weight[half] = _mm512_load_si512(unit->weight[step][half]);
          }
        if (h == 0)
          inputs = broadcast_step(records[t].shuffled[step]);
        sums[t][h] = _mm512_dpbusd_epi32(sums[t][h], _mm512_shuffle_epi8(inputs, index[h]), weight[h]);
      }
      size_t t = blended / HALVES, h = blended % HALVES;
      if (h == 0)
        for (size_t c = 0; c < SWL_CANDIDATES; c++)
          candidate[c] = broadcast_candidate(records[t].candidates[c]);
      __m512i taken = _mm512_mask_blend_epi8(second[h], candidate[0], candidate[1]);
      taken = _mm512_mask_mov_epi8(taken, third[h], candidate[2]);
      sums[t][h] = _mm512_dpbusd_epi32(sums[t][h], taken, blended_weight[h]);
    }
  }
  for (size_t t = 0; t < tokens; t++)
    for (size_t h = 0; h < HALVES; h++)
      _mm512_storeu_si512(to + t * SWL_BLOCK + h * 16, sums[t][h]);
}

static void add(size_t tokens, const swl_gather_record *records, size_t units, const swl_gather_unit *weights,
                bool first, int32_t *sums) {
  switch (tokens) {
  case 1:
    return add_tile(1, records, units, weights, first, sums);
  case 2:
    return add_tile(2, records, units, weights, first, sums);
  case 3:
    return add_tile(3, records, units, weights, first, sums);
  case 4:
    return add_tile(4, records, units, weights, first, sums);
  case 5:
    return add_tile(5, records, units, weights, first, sums);
  case 6:
    return add_tile(6, records, units, weights, first, sums);
  case 7:
    return add_tile(7, records, units, weights, first, sums);
  case 8:
    return add_tile(8, records, units, weights, first, sums);
  default:
    return add_tile(SWL_GATHER_TOKENS, records, units, weights, first, sums);
  }
}

static void pack(const uint8_t *x, swl_gather_record *record) {
  memcpy(record->shuffled, x, sizeof record->shuffled);
  const __m128i order = _mm_setr_epi8(0, 1, 4, 5, 1, 2, 5, 6, 2, 3, 6, 7, -1, -1, -1, -1);
  __m128i candidates = _mm_shuffle_epi8(_mm_loadl_epi64((const __m128i *)(x + sizeof record->shuffled)), order);
  memcpy(record->candidates, &candidates, sizeof record->candidates);
}

const swl_sparse_gather swl_sparse_2_4_s8_avx512vnni = {pack, add, swl_linear_finish_avx512};
#pragma clang attribute pop
#endif
