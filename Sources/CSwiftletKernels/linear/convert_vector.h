// Conversions of a row of the input to what kernels read. Included by the ISA files.

#include "../common/vector.h"

/// Rounds to bf16 and widens again: products of bf16 are exact in f32.
__attribute__((unused)) static void round_to_bf16(const void *x, swl_type x_type, size_t inputs, void *converted) {
  for (size_t i = 0; i < inputs; i += LANES) {
    halves h = {};
    if (x_type == SWL_BF16)
      memcpy(&h, (const uint16_t *)x + i, swl_min(inputs - i, LANES) * sizeof(uint16_t));
    else
      h = to_bf16(load_part((const float *)x + i, inputs - i));
    store_part((float *)converted + i, from_bf16(h), inputs - i);
  }
}

/// f32 to bf16.
__attribute__((unused)) static void convert_to_bf16(const void *x, swl_type x_type, size_t inputs, void *converted) {
  (void)x_type;
  for (size_t i = 0; i < inputs; i += LANES) {
    halves h = to_bf16(load_part((const float *)x + i, inputs - i));
    memcpy((uint16_t *)converted + i, &h, swl_min(inputs - i, LANES) * sizeof(uint16_t));
  }
}

/// u8 to int8, 128 less.
__attribute__((unused)) static void flip_bytes(const void *x, swl_type x_type, size_t inputs, void *converted) {
  (void)x_type;
  for (size_t i = 0; i < inputs; i++)
    ((uint8_t *)converted)[i] = ((const uint8_t *)x)[i] ^ 0x80;
}

/// u8 to int16.
__attribute__((unused)) static void widen_bytes(const void *x, swl_type x_type, size_t inputs, void *converted) {
  (void)x_type;
  for (size_t i = 0; i < inputs; i++)
    ((int16_t *)converted)[i] = ((const uint8_t *)x)[i];
}
