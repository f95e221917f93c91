#include "frame_rows.h"

#include <string.h>

struct swm_pixel_layout {
  const char *name;  // FFmpeg's, which is the same in every major; the numbers are not
  enum { PACKED, CHROMA, PALETTE, BITS, PLANES } kind;
  union {
    struct { uint8_t bytes, red, green, blue; } packed;     // where the bytes of a pixel are; of 16-bit samples, the high bytes
    struct { uint8_t horizontal, vertical; } chroma;        // how much smaller the chroma planes are, as powers of two
    struct { bool one_is_black; } bits;
  };
};

#define LAYOUT_PACKED(bytes, red, green, blue) PACKED, .packed = {bytes, red, green, blue}
#define LAYOUT_CHROMA(horizontal, vertical) CHROMA, .chroma = {horizontal, vertical}

static const swm_pixel_layout layouts[] = {
  {"gray", LAYOUT_PACKED(1, 0, 0, 0)},      {"ya8", LAYOUT_PACKED(2, 0, 0, 0)},       {"gray16be", LAYOUT_PACKED(2, 0, 0, 0)},
  {"gray16le", LAYOUT_PACKED(2, 1, 1, 1)},  {"ya16be", LAYOUT_PACKED(4, 0, 0, 0)},    {"ya16le", LAYOUT_PACKED(4, 1, 1, 1)},
  {"rgb24", LAYOUT_PACKED(3, 0, 1, 2)},     {"bgr24", LAYOUT_PACKED(3, 2, 1, 0)},     {"rgba", LAYOUT_PACKED(4, 0, 1, 2)},
  {"rgb0", LAYOUT_PACKED(4, 0, 1, 2)},      {"bgra", LAYOUT_PACKED(4, 2, 1, 0)},      {"bgr0", LAYOUT_PACKED(4, 2, 1, 0)},
  {"argb", LAYOUT_PACKED(4, 1, 2, 3)},      {"abgr", LAYOUT_PACKED(4, 3, 2, 1)},      {"rgb48be", LAYOUT_PACKED(6, 0, 2, 4)},
  {"rgb48le", LAYOUT_PACKED(6, 1, 3, 5)},   {"rgba64be", LAYOUT_PACKED(8, 0, 2, 4)},  {"rgba64le", LAYOUT_PACKED(8, 1, 3, 5)},
  {"yuvj444p", LAYOUT_CHROMA(0, 0)},        {"yuv444p", LAYOUT_CHROMA(0, 0)},         {"yuva444p", LAYOUT_CHROMA(0, 0)},
  {"yuvj422p", LAYOUT_CHROMA(1, 0)},        {"yuv422p", LAYOUT_CHROMA(1, 0)},         {"yuvj420p", LAYOUT_CHROMA(1, 1)},
  {"yuv420p", LAYOUT_CHROMA(1, 1)},         {"yuva420p", LAYOUT_CHROMA(1, 1)},        {"yuvj440p", LAYOUT_CHROMA(0, 1)},
  {"yuv440p", LAYOUT_CHROMA(0, 1)},         {"yuvj411p", LAYOUT_CHROMA(2, 0)},        {"yuv411p", LAYOUT_CHROMA(2, 0)},
  {"yuv410p", LAYOUT_CHROMA(2, 2)},         {"pal8", PALETTE, .bits = {false}},                        {"monob", BITS, .bits = {false}},
  {"monow", BITS, .bits = {true}},          {"gbrp", PLANES, .bits = {false}},                         {"gbrap", PLANES, .bits = {false}},
};

const swm_pixel_layout *swm_find_pixel_layout(const char *name) {
  for (size_t i = 0; name != NULL && i < sizeof layouts / sizeof *layouts; i++) {
    if (strcmp(layouts[i].name, name) == 0) return &layouts[i];
  }
  return NULL;
}

bool swm_layout_is_grey(const swm_pixel_layout *layout) {
  return layout->kind == BITS || (layout->kind == PACKED && layout->packed.red == layout->packed.green);
}

// MARK: Kinds of rows

static void packed_row(const uint8_t *source, const swm_pixel_layout *layout, int width, uint8_t *rgb) {
  for (int x = 0; x < width; x++, source += layout->packed.bytes, rgb += 3) {
    rgb[0] = source[layout->packed.red];
    rgb[1] = source[layout->packed.green];
    rgb[2] = source[layout->packed.blue];
  }
}

static void palette_row(const uint8_t *source, const uint8_t *palette, int width, uint8_t *rgb) {
  for (int x = 0; x < width; x++, rgb += 3) {
    uint32_t colour;  // ARGB in native order
    memcpy(&colour, palette + 4 * source[x], 4);
    rgb[0] = (uint8_t)(colour >> 16);
    rgb[1] = (uint8_t)(colour >> 8);
    rgb[2] = (uint8_t)colour;
  }
}

static void bit_row(const uint8_t *source, bool one_is_black, int width, uint8_t *rgb) {
  for (int x = 0; x < width; x++, rgb += 3) {
    bool bit = source[x >> 3] >> (7 - (x & 7)) & 1;
    rgb[0] = rgb[1] = rgb[2] = bit != one_is_black ? 255 : 0;
  }
}

static void planar_rgb_row(const swm_av_frame *frame, int y, uint8_t *rgb) {
  const uint8_t *green = frame->data[0] + (ptrdiff_t)y * frame->linesize[0];
  const uint8_t *blue = frame->data[1] + (ptrdiff_t)y * frame->linesize[1];
  const uint8_t *red = frame->data[2] + (ptrdiff_t)y * frame->linesize[2];
  for (int x = 0; x < frame->width; x++, rgb += 3) {
    rgb[0] = red[x];
    rgb[1] = green[x];
    rgb[2] = blue[x];
  }
}

// MARK: Luma and chroma

/// One row of a chroma plane at full width. Halved directions are interpolated with weights 3/4 and 1/4, rounded as libjpeg's "fancy upsampling"
/// rounds, so that pictures equal the ones Pillow and PyTorch train on; other ratios repeat samples, as there.
static void chroma_row(
  const uint8_t *plane, ptrdiff_t stride, int width, int height, int horizontal, int vertical, int y, uint8_t *row) {
  int narrow = (width + (1 << horizontal) - 1) >> horizontal, low = (height + (1 << vertical) - 1) >> vertical;
  const uint8_t *near = plane + (ptrdiff_t)(y >> vertical) * stride;
  if (vertical == 0 && horizontal == 0) {
    memcpy(row, near, (size_t)width);
  } else if (vertical == 0 && horizontal == 1) {
    for (int x = 0; x < width; x++) {
      int i = x >> 1, neighbour = x & 1 ? i + 1 : i - 1;
      bool edge = neighbour < 0 || neighbour >= narrow;
      row[x] = edge ? near[i] : (uint8_t)((3 * near[i] + near[neighbour] + 1 + (x & 1)) >> 2);
    }
  } else if (vertical == 1 && horizontal <= 1) {
    int other = y & 1 ? (y >> 1) + 1 : (y >> 1) - 1;
    other = other < 0 ? 0 : other >= low ? low - 1 : other;
    const uint8_t *far = plane + (ptrdiff_t)other * stride;
    if (horizontal == 0) {
      for (int x = 0; x < width; x++) row[x] = (uint8_t)((3 * near[x] + far[x] + 1 + (y & 1)) >> 2);
    } else {
      for (int x = 0; x < width; x++) {
        int i = x >> 1, neighbour = x & 1 ? i + 1 : i - 1;
        neighbour = neighbour < 0 ? 0 : neighbour >= narrow ? narrow - 1 : neighbour;
        int here = 3 * near[i] + far[i], beside = 3 * near[neighbour] + far[neighbour];
        row[x] = (uint8_t)((3 * here + beside + 8 - (x & 1)) >> 4);
      }
    }
  } else {
    for (int x = 0; x < width; x++) row[x] = near[x >> horizontal];
  }
}

static uint8_t clamped(int value) { return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value); }

/// ITU-R BT.601 in 16-bit fixed point. The full range (0 to 255) is JFIF's, the limited one (16 to 235) WebP's.
static void colour_row(const uint8_t *luma, const uint8_t *blue, const uint8_t *red, bool full_range, int width, uint8_t *rgb) {
  enum { half = 1 << 15 };
  if (full_range) {
    for (int x = 0; x < width; x++) {
      int y = luma[x], cb = blue[x] - 128, cr = red[x] - 128;
      rgb[3 * x] = clamped(y + ((91881 * cr + half) >> 16));
      rgb[3 * x + 1] = clamped(y + ((-22554 * cb - 46802 * cr + half) >> 16));
      rgb[3 * x + 2] = clamped(y + ((116130 * cb + half) >> 16));
    }
  } else {
    for (int x = 0; x < width; x++) {
      int y = 76309 * (luma[x] - 16) + half, cb = blue[x] - 128, cr = red[x] - 128;
      rgb[3 * x] = clamped((y + 104597 * cr) >> 16);
      rgb[3 * x + 1] = clamped((y - 25675 * cb - 53279 * cr) >> 16);
      rgb[3 * x + 2] = clamped((y + 132201 * cb) >> 16);
    }
  }
}

// MARK: Any format

void swm_frame_row(const swm_av_frame *frame, const swm_pixel_layout *layout, bool full_range, int y, uint8_t *rgb, uint8_t *scratch) {
  const uint8_t *first = frame->data[0] + (ptrdiff_t)y * frame->linesize[0];
  int width = frame->width;
  switch (layout->kind) {
    case PACKED: packed_row(first, layout, width, rgb); break;
    case CHROMA: {
      uint8_t *blue = scratch, *red = scratch + width;
      int horizontal = layout->chroma.horizontal, vertical = layout->chroma.vertical;
      chroma_row(frame->data[1], frame->linesize[1], width, frame->height, horizontal, vertical, y, blue);
      chroma_row(frame->data[2], frame->linesize[2], width, frame->height, horizontal, vertical, y, red);
      colour_row(first, blue, red, full_range, width, rgb);
      break;
    }
    case PALETTE: palette_row(first, frame->data[1], width, rgb); break;
    case BITS: bit_row(first, layout->bits.one_is_black, width, rgb); break;
    case PLANES: planar_rgb_row(frame, y, rgb); break;
  }
}
