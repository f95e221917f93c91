#ifndef SWL_SPARSE_GATHER_H
#define SWL_SPARSE_GATHER_H

#include "linear_kernels.h"

// A step is 8 inputs, of which every output keeps four, one to a byte of its lane. In three steps of a unit a byte
// shuffle gathers them; in the fourth every byte takes one of three candidates, copies of the step's inputs.
enum { SWL_STEP_INPUTS = 8, SWL_SHUFFLED = 3, SWL_CANDIDATES = 3, SWL_UNIT_INPUTS = 32 };
enum { SWL_GATHER_OUTPUTS = 32, SWL_GATHER_TOKENS = 9 }; // of a register tile

/// The inputs of a token in a unit: those of the shuffled steps, then for the last step, of groups a and b, the bytes
/// a0 a1 b0 b1, a1 a2 b1 b2, a2 a3 b2 b3.
typedef struct {
  uint8_t shuffled[SWL_SHUFFLED][SWL_STEP_INPUTS], candidates[SWL_CANDIDATES][4];
} swl_gather_record;
_Static_assert(sizeof(swl_gather_record) == 36, "read as bytes");

/// The weights of 32 outputs in a unit.
typedef struct {
  _Alignas(64) uint8_t index[SWL_SHUFFLED][2][64]; // position in the step
  int8_t weight[SWL_SHUFFLED + 1][2][64];
  uint64_t takes[SWL_CANDIDATES - 1][2]; // the bytes that take the second candidate, the third
} swl_gather_unit;

/// A 2:4 sparse int8 kernel; sparse_gather.c is the frame.
typedef struct {
  void (*pack)(const uint8_t *x, swl_gather_record *record); // 32 inputs
  /// Adds units of 32 outputs to sums[tokens][SWL_BLOCK], or begins from zero; records are [units][tokens].
  void (*add)(size_t tokens, const swl_gather_record *records, size_t units, const swl_gather_unit *weights, bool first,
              int32_t *sums);
  swl_linear_finish *finish;
} swl_sparse_gather;

extern const swl_sparse_gather swl_sparse_2_4_s8_avx512vnni;

#endif
