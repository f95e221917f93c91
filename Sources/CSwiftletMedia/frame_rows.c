#include "frame_rows.h"

#if SWM_HAS_FFMPEG
#include <string.h>

// MARK: Interleaved formats

/// Where the red, green and blue bytes of a pixel are; of 16-bit samples, the high bytes.
typedef struct {
  int format, bytes, red, green, blue;
} packed_layout;

static const packed_layout packed_layouts[] = {
  {AV_PIX_FMT_GRAY8, 1, 0, 0, 0},     {AV_PIX_FMT_YA8, 2, 0, 0, 0},       {AV_PIX_FMT_GRAY16BE, 2, 0, 0, 0},
  {AV_PIX_FMT_GRAY16LE, 2, 1, 1, 1},  {AV_PIX_FMT_YA16BE, 4, 0, 0, 0},    {AV_PIX_FMT_YA16LE, 4, 1, 1, 1},
  {AV_PIX_FMT_RGB24, 3, 0, 1, 2},     {AV_PIX_FMT_BGR24, 3, 2, 1, 0},     {AV_PIX_FMT_RGBA, 4, 0, 1, 2},
  {AV_PIX_FMT_RGB0, 4, 0, 1, 2},      {AV_PIX_FMT_BGRA, 4, 2, 1, 0},      {AV_PIX_FMT_BGR0, 4, 2, 1, 0},
  {AV_PIX_FMT_ARGB, 4, 1, 2, 3},      {AV_PIX_FMT_ABGR, 4, 3, 2, 1},      {AV_PIX_FMT_RGB48BE, 6, 0, 2, 4},
  {AV_PIX_FMT_RGB48LE, 6, 1, 3, 5},   {AV_PIX_FMT_RGBA64BE, 8, 0, 2, 4},  {AV_PIX_FMT_RGBA64LE, 8, 1, 3, 5},
};

static const packed_layout *find_packed_layout(int format) {
  for (size_t i = 0; i < sizeof packed_layouts / sizeof *packed_layouts; i++) {
    if (packed_layouts[i].format == format) return &packed_layouts[i];
  }
  return NULL;
}

static void packed_row(const uint8_t *source, const packed_layout *layout, int width, uint8_t *rgb) {
  for (int x = 0; x < width; x++, source += layout->bytes, rgb += 3) {
    rgb[0] = source[layout->red];
    rgb[1] = source[layout->green];
    rgb[2] = source[layout->blue];
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

static void planar_rgb_row(const AVFrame *frame, int y, uint8_t *rgb) {
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

/// How much smaller the chroma planes are, as powers of two.
static bool chroma_shifts(int format, int *horizontal, int *vertical) {
  switch (format) {
    case AV_PIX_FMT_YUVJ444P: case AV_PIX_FMT_YUV444P: case AV_PIX_FMT_YUVA444P: *horizontal = 0, *vertical = 0; return true;
    case AV_PIX_FMT_YUVJ422P: case AV_PIX_FMT_YUV422P: *horizontal = 1, *vertical = 0; return true;
    case AV_PIX_FMT_YUVJ420P: case AV_PIX_FMT_YUV420P: case AV_PIX_FMT_YUVA420P: *horizontal = 1, *vertical = 1; return true;
    case AV_PIX_FMT_YUVJ440P: case AV_PIX_FMT_YUV440P: *horizontal = 0, *vertical = 1; return true;
    case AV_PIX_FMT_YUVJ411P: case AV_PIX_FMT_YUV411P: *horizontal = 2, *vertical = 0; return true;
    case AV_PIX_FMT_YUV410P: *horizontal = 2, *vertical = 2; return true;
    default: return false;
  }
}

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

bool swm_frame_is_readable(int format) {
  int horizontal, vertical;
  return find_packed_layout(format) != NULL || chroma_shifts(format, &horizontal, &vertical) || format == AV_PIX_FMT_PAL8
    || format == AV_PIX_FMT_MONOBLACK || format == AV_PIX_FMT_MONOWHITE || format == AV_PIX_FMT_GBRP || format == AV_PIX_FMT_GBRAP;
}

bool swm_frame_is_grey(int format) {
  const packed_layout *packed = find_packed_layout(format);
  return (packed != NULL && packed->red == packed->green) || format == AV_PIX_FMT_MONOBLACK || format == AV_PIX_FMT_MONOWHITE;
}

void swm_frame_row(const AVFrame *frame, bool full_range, int y, uint8_t *rgb, uint8_t *scratch) {
  const uint8_t *first = frame->data[0] + (ptrdiff_t)y * frame->linesize[0];
  const packed_layout *packed = find_packed_layout(frame->format);
  int width = frame->width, horizontal, vertical;
  if (packed != NULL) {
    packed_row(first, packed, width, rgb);
  } else if (chroma_shifts(frame->format, &horizontal, &vertical)) {
    uint8_t *blue = scratch, *red = scratch + width;
    chroma_row(frame->data[1], frame->linesize[1], width, frame->height, horizontal, vertical, y, blue);
    chroma_row(frame->data[2], frame->linesize[2], width, frame->height, horizontal, vertical, y, red);
    colour_row(first, blue, red, full_range, width, rgb);
  } else if (frame->format == AV_PIX_FMT_PAL8) {
    palette_row(first, frame->data[1], width, rgb);
  } else if (frame->format == AV_PIX_FMT_GBRP || frame->format == AV_PIX_FMT_GBRAP) {
    planar_rgb_row(frame, y, rgb);
  } else {
    bit_row(first, frame->format == AV_PIX_FMT_MONOWHITE, width, rgb);
  }
}
#endif
