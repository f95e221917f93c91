// Baseline JPEG with the standard's own tables. FFmpeg's encoder takes quantisation tables only in a struct whose layout differs between its majors,
// and a JPEG encoder is one page.
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

// MARK: Tables of ITU-T T.81, annexes A and K

/// Places of a block's coefficients in the order of the file.
static const uint8_t zigzag[64] = {
  0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6,  7,  14, 21, 28,
  35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
};

/// Tables K.1 and K.2, row by row: luma, chroma.
static const uint8_t quantisation[2][64] = {
  {16, 11, 10, 16, 24,  40,  51,  61,  12, 12, 14, 19, 26,  58,  60,  55,  14, 13, 16, 24, 40,  57,  69,  56,  14, 17, 22, 29, 51,  87,  80,  62,
   18, 22, 37, 56, 68,  109, 103, 77,  24, 35, 55, 64, 81,  104, 113, 92,  49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99},
  {17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,
   99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99},
};

/// Tables K.3 to K.6: how many codes there are of each length from 1 to 16, and what they stand for.
typedef struct {
  uint8_t counts[16];
  uint8_t symbols[162];
} huffman_table;

static const huffman_table constant_tables[2] = {
  {{0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}},
  {{0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}},
};
static const huffman_table varying_tables[2] = {
  {{0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7D},
   {0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61, 0x07, 0x22, 0x71, 0x14, 0x32, 0x81, 0x91, 0xA1,
    0x08, 0x23, 0x42, 0xB1, 0xC1, 0x15, 0x52, 0xD1, 0xF0, 0x24, 0x33, 0x62, 0x72, 0x82, 0x09, 0x0A, 0x16, 0x17, 0x18, 0x19, 0x1A, 0x25, 0x26,
    0x27, 0x28, 0x29, 0x2A, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3A, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4A, 0x53, 0x54, 0x55, 0x56,
    0x57, 0x58, 0x59, 0x5A, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7A, 0x83, 0x84, 0x85,
    0x86, 0x87, 0x88, 0x89, 0x8A, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9A, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xA8, 0xA9, 0xAA,
    0xB2, 0xB3, 0xB4, 0xB5, 0xB6, 0xB7, 0xB8, 0xB9, 0xBA, 0xC2, 0xC3, 0xC4, 0xC5, 0xC6, 0xC7, 0xC8, 0xC9, 0xCA, 0xD2, 0xD3, 0xD4, 0xD5, 0xD6,
    0xD7, 0xD8, 0xD9, 0xDA, 0xE1, 0xE2, 0xE3, 0xE4, 0xE5, 0xE6, 0xE7, 0xE8, 0xE9, 0xEA, 0xF1, 0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xF7, 0xF8, 0xF9,
    0xFA}},
  {{0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 0x77},
   {0x00, 0x01, 0x02, 0x03, 0x11, 0x04, 0x05, 0x21, 0x31, 0x06, 0x12, 0x41, 0x51, 0x07, 0x61, 0x71, 0x13, 0x22, 0x32, 0x81, 0x08, 0x14, 0x42,
    0x91, 0xA1, 0xB1, 0xC1, 0x09, 0x23, 0x33, 0x52, 0xF0, 0x15, 0x62, 0x72, 0xD1, 0x0A, 0x16, 0x24, 0x34, 0xE1, 0x25, 0xF1, 0x17, 0x18, 0x19,
    0x1A, 0x26, 0x27, 0x28, 0x29, 0x2A, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3A, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4A, 0x53, 0x54, 0x55,
    0x56, 0x57, 0x58, 0x59, 0x5A, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7A, 0x82, 0x83,
    0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9A, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xA8,
    0xA9, 0xAA, 0xB2, 0xB3, 0xB4, 0xB5, 0xB6, 0xB7, 0xB8, 0xB9, 0xBA, 0xC2, 0xC3, 0xC4, 0xC5, 0xC6, 0xC7, 0xC8, 0xC9, 0xCA, 0xD2, 0xD3, 0xD4,
    0xD5, 0xD6, 0xD7, 0xD8, 0xD9, 0xDA, 0xE2, 0xE3, 0xE4, 0xE5, 0xE6, 0xE7, 0xE8, 0xE9, 0xEA, 0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xF7, 0xF8, 0xF9,
    0xFA}},
};

static size_t symbol_count(const huffman_table *table) {
  size_t count = 0;
  for (int i = 0; i < 16; i++) count += table->counts[i];
  return count;
}

/// A symbol's code, and how many bits it has.
typedef struct {
  uint16_t bits[256];
  uint8_t lengths[256];
} huffman_code;

static void make_code(const huffman_table *table, huffman_code *code) {
  memset(code, 0, sizeof *code);
  unsigned next = 0;
  size_t symbol = 0;
  for (int length = 1; length <= 16; length++, next <<= 1) {
    for (int i = 0; i < table->counts[length - 1]; i++, symbol++) {
      code->bits[table->symbols[symbol]] = (uint16_t)next++;
      code->lengths[table->symbols[symbol]] = (uint8_t)length;
    }
  }
}

// MARK: The file

/// The file as it grows; `failed` once memory ran out.
typedef struct {
  uint8_t *bytes;
  size_t count, capacity;
  uint32_t bits;
  int bit_count;
  bool failed;
} writer;

static void put(writer *w, uint8_t byte) {
  if (w->count == w->capacity) {
    size_t capacity = w->capacity < 4096 ? 4096 : 2 * w->capacity;
    uint8_t *bytes = w->failed ? NULL : realloc(w->bytes, capacity);
    if (bytes == NULL) {
      w->failed = true;
      return;
    }
    w->bytes = bytes;
    w->capacity = capacity;
  }
  w->bytes[w->count++] = byte;
}

static void put16(writer *w, size_t value) {
  put(w, (uint8_t)(value >> 8));
  put(w, (uint8_t)value);
}

static void put_all(writer *w, const uint8_t *bytes, size_t count) {
  for (size_t i = 0; i < count; i++) put(w, bytes[i]);
}

static void put_bits(writer *w, uint32_t bits, int count) {
  w->bits = w->bits << count | (bits & ((1u << count) - 1));
  w->bit_count += count;
  while (w->bit_count >= 8) {
    uint8_t byte = (uint8_t)(w->bits >> (w->bit_count - 8));
    put(w, byte);
    if (byte == 0xFF) put(w, 0);
    w->bit_count -= 8;
  }
}

/// The standard's size class of a coefficient and its bits behind the code.
static int size_class(int value) {
  int magnitude = abs(value), size = 0;
  for (; magnitude != 0; magnitude >>= 1) size++;
  return size;
}

static void put_value(writer *w, int value, int size) { put_bits(w, (uint32_t)(value < 0 ? value - 1 : value), size); }

/// A plane's part of the picture: its tables, and the constant coefficient of its last block.
typedef struct {
  float steps[64];
  huffman_code constant, varying;
  int last;
} component;

static void put_block(writer *w, component *c, const float samples[64], const float cosines[8][8]) {
  float half[64];
  int levels[64];
  for (int v = 0; v < 8; v++) {
    for (int x = 0; x < 8; x++) {
      float sum = 0;
      for (int y = 0; y < 8; y++) sum += cosines[v][y] * samples[8 * y + x];
      half[8 * v + x] = sum;
    }
  }
  for (int i = 0; i < 64; i++) {
    const float *row = half + (zigzag[i] & ~7), *wave = cosines[zigzag[i] & 7];
    float sum = 0;
    for (int x = 0; x < 8; x++) sum += wave[x] * row[x];
    levels[i] = (int)lrintf(sum / c->steps[zigzag[i]]);
  }
  int difference = levels[0] - c->last, size = size_class(difference);
  c->last = levels[0];
  put_bits(w, c->constant.bits[size], c->constant.lengths[size]);
  put_value(w, difference, size);
  int zeros = 0;
  for (int i = 1; i < 64; i++) {
    if (levels[i] == 0) {
      zeros++;
      continue;
    }
    for (; zeros >= 16; zeros -= 16) put_bits(w, c->varying.bits[0xF0], c->varying.lengths[0xF0]);
    int symbol = zeros << 4 | size_class(levels[i]);
    put_bits(w, c->varying.bits[symbol], c->varying.lengths[symbol]);
    put_value(w, levels[i], symbol & 15);
    zeros = 0;
  }
  if (zeros > 0) put_bits(w, c->varying.bits[0], c->varying.lengths[0]);
}

/// JFIF's luma and chroma of one pixel, less 128. Source: ITU-T T.871.
static void convert(const uint8_t *pixel, int channels, float values[3]) {
  if (channels == 1) {
    values[0] = (float)pixel[0] - 128;
    return;
  }
  float r = pixel[0], g = pixel[1], b = pixel[2];
  values[0] = 0.299f * r + 0.587f * g + 0.114f * b - 128;
  values[1] = -0.168736f * r - 0.331264f * g + 0.5f * b;
  values[2] = 0.5f * r - 0.418688f * g - 0.081312f * b;
}

static void put_header(writer *w, int width, int height, int channels, uint8_t steps[2][64]) {
  static const uint8_t start[] = {0xFF, 0xD8, 0xFF, 0xE0, 0, 16, 'J', 'F', 'I', 'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0};
  int tables = channels == 1 ? 1 : 2;
  put_all(w, start, sizeof start);
  for (int t = 0; t < tables; t++) {
    put16(w, 0xFFDB), put16(w, 67), put(w, (uint8_t)t);
    for (int i = 0; i < 64; i++) put(w, steps[t][zigzag[i]]);
  }
  put16(w, 0xFFC0), put16(w, 8 + 3 * (size_t)channels), put(w, 8);
  put16(w, (size_t)height), put16(w, (size_t)width), put(w, (uint8_t)channels);
  for (int c = 0; c < channels; c++) put(w, (uint8_t)(c + 1)), put(w, 0x11), put(w, c > 0);
  for (int t = 0; t < 2 * tables; t++) {
    const huffman_table *table = t & 1 ? &varying_tables[t >> 1] : &constant_tables[t >> 1];
    put16(w, 0xFFC4), put16(w, 19 + symbol_count(table)), put(w, (uint8_t)((t & 1) << 4 | t >> 1));
    put_all(w, table->counts, 16);
    put_all(w, table->symbols, symbol_count(table));
  }
  put16(w, 0xFFDA), put16(w, 6 + 2 * (size_t)channels), put(w, (uint8_t)channels);
  for (int c = 0; c < channels; c++) put(w, (uint8_t)(c + 1)), put(w, c > 0 ? 0x11 : 0);
  put(w, 0), put(w, 63), put(w, 0);
}

swm_status swm_encode_jpeg(
  const uint8_t *pixels, int width, int height, int channels, int quality, uint8_t **file, size_t *file_size, swm_error *error) {
  swm_status status = swm_check_writable(width, height, error);
  if (status != SWM_OK) return status;
  uint8_t steps[2][64];
  component components[3];
  int percent = quality < 50 ? 5000 / quality : 200 - 2 * quality;
  for (int t = 0; t < 2; t++) {
    for (int i = 0; i < 64; i++) {
      int step = (quantisation[t][i] * percent + 50) / 100;
      steps[t][i] = (uint8_t)(step < 1 ? 1 : step > 255 ? 255 : step);
    }
  }
  for (int c = 0; c < channels; c++) {
    int t = c > 0;
    for (int i = 0; i < 64; i++) components[c].steps[i] = steps[t][i];
    make_code(&constant_tables[t], &components[c].constant);
    make_code(&varying_tables[t], &components[c].varying);
    components[c].last = 0;
  }
  float cosines[8][8];
  for (int u = 0; u < 8; u++) {
    for (int x = 0; x < 8; x++) cosines[u][x] = (float)((u == 0 ? sqrt(0.125) : 0.5) * cos((2 * x + 1) * u * 3.14159265358979323846 / 16));
  }

  writer w = {0};
  put_header(&w, width, height, channels, steps);
  for (int top = 0; top < height; top += 8) {
    for (int left = 0; left < width; left += 8) {
      float blocks[3][64];
      for (int i = 0; i < 64; i++) {  // at the edges the last row and column repeat
        int x = left + (i & 7), y = top + (i >> 3);
        x = x < width ? x : width - 1, y = y < height ? y : height - 1;
        float values[3];
        convert(pixels + ((size_t)y * (size_t)width + (size_t)x) * (size_t)channels, channels, values);
        for (int c = 0; c < channels; c++) blocks[c][i] = values[c];
      }
      for (int c = 0; c < channels; c++) put_block(&w, &components[c], blocks[c], cosines);
    }
  }
  if (w.bit_count > 0) put_bits(&w, 0x7F, 8 - w.bit_count);
  put16(&w, 0xFFD9);
  if (w.failed) {
    free(w.bytes);
    return swm_fail(error, SWM_OUT_OF_MEMORY, "no memory for the encoded picture");
  }
  *file = w.bytes;
  *file_size = w.count;
  return SWM_OK;
}
