// A register tile: sums[token][output] of x[token][k] * w[k][output] for up to six tokens and four vectors of outputs.
// Dense layers and attention are made of it. A dot_*.h, included before, defines K_STEP, the k that one instruction
// multiplies, X_SIZE, the bytes of an element of x, and dot(sums, x, w): sums plus the products of the 4 bytes x with
// the 4 bytes in every lane of w. Vectors of weights are `size` bytes apart, and read(w) makes such a vector of one.

SWL_INLINE floats read_vector(const char *w) { return load((const float *)w); }

SWL_INLINE void tile(floats read(const char *), size_t size, size_t tokens, size_t vectors, const char *x,
                     size_t x_stride, const char *w, size_t inputs, float *sums, size_t sums_stride) {
  floats acc[6][4];
  for (size_t t = 0; t < tokens; t++)
    for (size_t v = 0; v < vectors; v++)
      acc[t][v] = splat(0);

  size_t left = inputs;
  for (; left >= K_STEP; left -= K_STEP, x += K_STEP * X_SIZE, w += vectors * size) {
    floats weights[4];
    for (size_t v = 0; v < vectors; v++)
      weights[v] = read(w + v * size);
    for (size_t t = 0; t < tokens; t++) {
      uint32_t word;
      memcpy(&word, x + t * x_stride, 4);
      for (size_t v = 0; v < vectors; v++)
        acc[t][v] = dot(acc[t][v], word, weights[v]);
    }
  }
  if (left > 0) // the packed weights are zero beyond the inputs
    for (size_t t = 0; t < tokens; t++) {
      uint32_t word = 0;
      memcpy(&word, x + t * x_stride, left * X_SIZE);
      for (size_t v = 0; v < vectors; v++)
        acc[t][v] = dot(acc[t][v], word, read(w + v * size));
    }

  for (size_t t = 0; t < tokens; t++)
    for (size_t v = 0; v < vectors; v++)
      store(sums + t * sums_stride + v * LANES, acc[t][v]);
}

#define TILE(tokens, vectors)                                                                                          \
  case tokens * 8 + vectors:                                                                                           \
    tile(read, size, tokens, vectors, x, x_stride, weights, inputs, sums, sums_stride);                                \
    break;
#define TILES(vectors)                                                                                                 \
  TILE(1, vectors) TILE(2, vectors) TILE(3, vectors) TILE(4, vectors) TILE(5, vectors) TILE(6, vectors)

SWL_INLINE void choose_tile(floats read(const char *), size_t size, size_t tokens, size_t vectors, const void *x,
                            size_t x_stride, const void *weights, size_t inputs, void *sums, size_t sums_stride) {
  switch (tokens * 8 + vectors) {
    TILES(1)
    TILES(2)
#if WIDE == 4
    TILES(4)
#endif
  }
}
