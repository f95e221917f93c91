#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "frame_rows.h"

/// What a thread keeps from one picture to the next: opening the JPEG codec costs more than decoding a thumbnail.
typedef struct {
  swm_av_context *contexts[SWM_IMAGE_FORMATS];
  swm_av_frame *frame;
  swm_av_packet *packet;
  uint8_t *memory;
  size_t memory_size;
} decoder;

static pthread_key_t decoder_key;
static pthread_once_t decoder_once = PTHREAD_ONCE_INIT;
static bool decoder_key_made;

static void free_decoder(void *pointer) {
  decoder *d = pointer;
  swm_error ignored;
  const swm_ffmpeg *ffmpeg = swm_ffmpeg_load(&ignored);
  for (int i = 0; i < SWM_IMAGE_FORMATS; i++) ffmpeg->avcodec_free_context(&d->contexts[i]);
  ffmpeg->av_frame_free(&d->frame);
  ffmpeg->av_packet_free(&d->packet);
  free(d->memory);
  free(d);
}

static void make_decoder_key(void) { decoder_key_made = pthread_key_create(&decoder_key, free_decoder) == 0; }

static decoder *decoder_of_this_thread(const swm_ffmpeg *ffmpeg) {
  pthread_once(&decoder_once, make_decoder_key);
  if (!decoder_key_made) return NULL;
  decoder *d = pthread_getspecific(decoder_key);
  if (d != NULL) return d;
  if ((d = calloc(1, sizeof *d)) == NULL) return NULL;
  d->frame = ffmpeg->av_frame_alloc();
  d->packet = ffmpeg->av_packet_alloc();
  if (d->frame == NULL || d->packet == NULL || pthread_setspecific(decoder_key, d) != 0) {
    free_decoder(d);
    return NULL;
  }
  return d;
}

static bool reserve(decoder *d, size_t size) {
  if (d->memory_size >= size) return true;
  uint8_t *memory = realloc(d->memory, size);
  if (memory == NULL) return false;
  d->memory = memory;
  d->memory_size = size;
  return true;
}

/// FFmpeg's name of what decodes this picture.
static const char *decoder_name(const swm_image_info *info) {
  switch (info->format) {
    case SWM_JPEG: return "mjpeg";
    case SWM_PNG: return "png";
    case SWM_BMP: return "bmp";
    case SWM_WEBP: return "webp";
    case SWM_GIF: return "gif";
    case SWM_TIFF: return "tiff";
    default: return info->pnm_kind % 3 == 1 ? "pbm" : info->pnm_kind % 3 == 2 ? "pgm" : "ppm";
  }
}

static swm_status open_codec(const swm_ffmpeg *ffmpeg, decoder *d, const swm_image_info *info, swm_error *error) {
  if (d->contexts[info->format] != NULL) return SWM_OK;
  const char *name = swm_format_name(info->format);
  const swm_av_codec *codec = ffmpeg->avcodec_find_decoder_by_name(decoder_name(info));
  if (codec == NULL) return swm_fail(error, SWM_MISSING_LIBRARY, "this FFmpeg was built without its %s decoder", name);
  swm_av_context *context = ffmpeg->avcodec_alloc_context3(codec);
  if (context == NULL) return swm_fail(error, SWM_OUT_OF_MEMORY, "no memory for a %s decoder", name);
  // The TIFF decoder would refuse every tag that it does not know.
  const char *checks = info->format == SWM_TIFF ? "crccheck+bitstream+buffer" : "crccheck+bitstream+buffer+explode";
  bool set = ffmpeg->av_opt_set_int(context, "threads", 1, 0) >= 0 && ffmpeg->av_opt_set(context, "err_detect", checks, 0) >= 0
    && ffmpeg->av_opt_set_int(context, "max_pixels", SWM_MAX_PIXELS, 0) >= 0;
  if (!set || ffmpeg->avcodec_open2(context, codec, NULL) < 0) {
    ffmpeg->avcodec_free_context(&context);
    return swm_fail(error, SWM_MISSING_LIBRARY, "FFmpeg's %s decoder does not open: %s", name, swm_ffmpeg_message);
  }
  d->contexts[info->format] = context;
  return SWM_OK;
}

/// Decodes the file into `d->frame`.
static swm_status decode_frame(
  const swm_ffmpeg *ffmpeg, decoder *d, const uint8_t *data, size_t size, const swm_image_info *info, swm_error *error) {
  const char *name = swm_format_name(info->format);
  enum { around = SWM_COPY_MARGIN + SWM_AV_PADDING };
  if (size > INT32_MAX - around) return swm_fail(error, SWM_TOO_LARGE, "the %s has more than 2 GiB", name);
  if (!reserve(d, size + around)) return swm_fail(error, SWM_OUT_OF_MEMORY, "no memory for %zu bytes of %s", size, name);
  size_t picture_size;
  swm_status status = swm_copy_picture(data, size, info->format, d->memory, &picture_size, error);
  if (status != SWM_OK) return status;
  memset(d->memory + picture_size, 0, SWM_AV_PADDING);

  swm_ffmpeg_message[0] = 0;
  swm_av_context *context = d->contexts[info->format];
  d->packet->data = d->memory;
  d->packet->size = (int)picture_size;
  int code = ffmpeg->avcodec_send_packet(context, d->packet);
  ffmpeg->av_packet_unref(d->packet);
  if (code >= 0) code = ffmpeg->avcodec_receive_frame(context, d->frame);
  const swm_av_frame *frame = d->frame;
  // FFmpeg hides damage where it can and only logs it: a logged error is an error here.
  if (code >= 0 && swm_ffmpeg_message[0] == 0) {
    if (frame->width == info->stored_width && frame->height == info->stored_height) return SWM_OK;
    return swm_fail(error, SWM_CORRUPT, "the %s holds %d x %d pixels, its header says %d x %d", name, frame->width, frame->height,
      info->stored_width, info->stored_height);
  }
  if (code == -ENOMEM) return swm_fail(error, SWM_OUT_OF_MEMORY, "no memory for %d x %d pixels", info->width, info->height);
  if (code == SWM_AVERROR_PATCHWELCOME) return swm_fail(error, SWM_UNSUPPORTED, "this kind of %s is not read: %s", name, swm_ffmpeg_message);
  if (swm_ffmpeg_message[0] != 0) return swm_fail(error, SWM_CORRUPT, "the %s is damaged: %s", name, swm_ffmpeg_message);
  if (code == -EAGAIN) return swm_fail(error, SWM_CORRUPT, "the %s is damaged: no picture came out", name);
  char reason[64] = "";
  if (code < 0) ffmpeg->av_strerror(code, reason, sizeof reason);
  return swm_fail(error, SWM_CORRUPT, "the %s is damaged: %s", name, reason[0] != 0 ? reason : "parts are missing");
}

/// ITU-R BT.601 luma, rounded as Pillow rounds it.
static void grey_row(const uint8_t *rgb, int width, uint8_t *grey) {
  for (int x = 0; x < width; x++) {
    grey[x] = (uint8_t)((19595u * rgb[3 * x] + 38470u * rgb[3 * x + 1] + 7471u * rgb[3 * x + 2] + 0x8000u) >> 16);
  }
}

/// Where stored pixel (0, 0) and its neighbours go, for EXIF orientations 1 to 8: start plus x and y steps, in pixels of the upright picture.
static void orientation_steps(const swm_image_info *info, ptrdiff_t *start, ptrdiff_t *x_step, ptrdiff_t *y_step) {
  ptrdiff_t width = info->width, height = info->height;
  bool right_to_left, bottom_to_top, lying = info->orientation >= 5;
  switch (info->orientation) {
    case 2: case 6: right_to_left = true, bottom_to_top = false; break;
    case 3: case 7: right_to_left = true, bottom_to_top = true; break;
    case 4: case 8: right_to_left = false, bottom_to_top = true; break;
    default: right_to_left = false, bottom_to_top = false; break;
  }
  ptrdiff_t across = right_to_left ? -1 : 1, down = bottom_to_top ? -width : width;
  *start = (right_to_left ? width - 1 : 0) + (bottom_to_top ? (height - 1) * width : 0);
  *x_step = lying ? down : across;
  *y_step = lying ? across : down;
}

static void write_pixels(
  const swm_av_frame *frame, const swm_pixel_layout *layout, const swm_image_info *info, int channels, uint8_t *pixels, uint8_t *scratch) {
  int width = frame->width;
  bool full_range = info->format != SWM_WEBP, grey = swm_layout_is_grey(layout);
  uint8_t *rgb = scratch, *luma = scratch + 3 * (size_t)width, *chroma = luma + width;
  ptrdiff_t start, x_step, y_step;
  orientation_steps(info, &start, &x_step, &y_step);
  for (int y = 0; y < frame->height; y++) {
    uint8_t *target = pixels + (start + y * y_step) * channels;
    bool upright = info->orientation == 1;
    uint8_t *row = upright && channels == 3 ? target : rgb;
    swm_frame_row(frame, layout, full_range, y, row, chroma);
    if (channels == 1) {
      row = upright ? target : luma;
      if (grey) {
        for (int x = 0; x < width; x++) row[x] = rgb[3 * x];
      } else {
        grey_row(rgb, width, row);
      }
    }
    if (upright) continue;
    for (int x = 0; x < width; x++) memcpy(target + x * x_step * channels, row + (ptrdiff_t)x * channels, (size_t)channels);
  }
}

swm_status swm_decode_image(
  const uint8_t *data, size_t size, const swm_image_info *info, int channels, uint8_t *pixels, swm_error *error) {
  const swm_ffmpeg *ffmpeg = swm_ffmpeg_load(error);
  if (ffmpeg == NULL) return SWM_MISSING_LIBRARY;
  decoder *d = decoder_of_this_thread(ffmpeg);
  if (d == NULL) return swm_fail(error, SWM_OUT_OF_MEMORY, "no memory for a decoder");
  swm_status status = open_codec(ffmpeg, d, info, error);
  if (status == SWM_OK) status = decode_frame(ffmpeg, d, data, size, info, error);
  const swm_pixel_layout *layout = NULL;
  if (status == SWM_OK) {
    const char *kind = ffmpeg->av_get_pix_fmt_name(d->frame->format);
    layout = swm_find_pixel_layout(kind);
    if (layout == NULL) {
      status = swm_fail(error, SWM_UNSUPPORTED, "%s pixels of kind %s are not read", swm_format_name(info->format), kind != NULL ? kind : "unknown");
    }
  }
  if (status == SWM_OK && !reserve(d, 7 * (size_t)d->frame->width)) status = swm_fail(error, SWM_OUT_OF_MEMORY, "no memory for a row");
  if (status == SWM_OK) write_pixels(d->frame, layout, info, channels, pixels, d->memory);
  ffmpeg->av_frame_unref(d->frame);
  // A decoder that met damage may remember it, and the PNG decoder predicts a picture's first row from the last row of the one before: only the
  // JPEG decoder, whose opening costs most, is kept.
  if (status != SWM_OK || info->format != SWM_JPEG) ffmpeg->avcodec_free_context(&d->contexts[info->format]);
  enum { kept_memory = 1 << 22 };
  if (d->memory_size > kept_memory) {
    free(d->memory);
    d->memory = NULL;
    d->memory_size = 0;
  }
  return status;
}
