#ifndef SWL_WINDOW_H
#define SWL_WINDOW_H

#include "swl_pictures.h"

/// The positions of a kernel that meet the picture, which are neighbours.
typedef struct {
  size_t position, count; // the first of them, and how many; 0 where none does
  size_t at;              // the input that the first meets
} swl_window;

static inline swl_window swl_window_of(const swl_side *side, size_t output) {
  const size_t start = output * side->stride, padding = side->padding; // the first position is at start - padding
  swl_window w = {.position = start < padding ? (padding - start + side->dilation - 1) / side->dilation : 0};
  w.at = start + w.position * side->dilation - padding;
  if (w.position < side->kernel && w.at < side->inputs) {
    const size_t inside = (side->inputs - w.at + side->dilation - 1) / side->dilation;
    w.count = inside < side->kernel - w.position ? inside : side->kernel - w.position;
  }
  return w;
}

#endif
