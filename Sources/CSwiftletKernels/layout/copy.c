#include <string.h>

#include "../common/target.h"
#include "swl_layout.h"

SWL_INLINE void copy_line(size_t size, size_t count, const char *x, size_t x_stride, char *y, size_t y_stride) {
  for (size_t i = 0; i < count; i++)
    memcpy(y + i * y_stride * size, x + i * x_stride * size, size);
}

static void copy_axis(const swl_copy *op, size_t axis, const char *x, char *y) {
  size_t size = op->element_size;
  if (axis == op->rank) {
    memcpy(y, x, size);
    return;
  }
  size_t count = op->shape[axis], x_stride = op->x_stride[axis], y_stride = op->y_stride[axis];
  if (axis + 1 < op->rank) {
    for (size_t i = 0; i < count; i++)
      copy_axis(op, axis + 1, x + i * x_stride * size, y + i * y_stride * size);
    return;
  }
  if (x_stride == 1 && y_stride == 1)
    memcpy(y, x, count * size);
  else if (size == 4)
    copy_line(4, count, x, x_stride, y, y_stride);
  else if (size == 1)
    copy_line(1, count, x, x_stride, y, y_stride);
  else if (size == 2)
    copy_line(2, count, x, x_stride, y, y_stride);
  else
    copy_line(size, count, x, x_stride, y, y_stride);
}

void swl_copy_run(const swl_copy *op) { copy_axis(op, 0, op->x, op->y); }
