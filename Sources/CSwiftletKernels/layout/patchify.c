#include "../elementwise/elementwise_kernels.h"
#include "swl_layout.h"

size_t swl_patchify_tiles(const swl_patchify *op) { return op->batch * (op->height / op->patch); }

void swl_patchify_run(swl_isa isa, const swl_patchify *op, size_t first, size_t count) {
  const swl_elementwise *elementwise = swl_elementwise_for(isa);
  size_t rows = op->height / op->patch, columns = op->width / op->patch;
  size_t area = op->patch * op->patch, features = op->channels * area;
  for (size_t tile = first; tile < first + count; tile++) {
    const float *image = op->x + tile / rows * op->channels * op->height * op->width;
    for (size_t column = 0; column < columns; column++) {
      char *y = (char *)op->y + (tile * columns + column) * features * swl_size_of(op->output.type);
      for (size_t line = 0; line < op->channels * op->patch; line++) {
        size_t channel = line / op->patch, i = line % op->patch;
        const float *x = image + (channel * op->height + tile % rows * op->patch + i) * op->width + column * op->patch;
        elementwise->write(x, op->output, y + line * op->patch * swl_size_of(op->output.type), op->patch);
      }
    }
  }
}
