#include <stdlib.h>

#include "ffmpeg.h"

void swm_free(void *memory) { free(memory); }

#if SWM_HAS_FFMPEG
#include <string.h>

/// Opens `context`, encodes `frame`, and hands out a copy of the packet.
static swm_status encode(
  const swm_ffmpeg *ffmpeg, AVCodecContext *context, AVFrame *frame, uint8_t **file, size_t *file_size, swm_error *error) {
  swm_ffmpeg_message[0] = 0;
  AVPacket *packet = ffmpeg->av_packet_alloc();
  if (packet == NULL) return swm_fail(error, SWM_OUT_OF_MEMORY, "no memory for the encoded picture");
  swm_status status = SWM_OK;
  int code = ffmpeg->avcodec_open2(context, NULL, NULL);
  if (code >= 0) code = ffmpeg->avcodec_send_frame(context, frame);
  if (code >= 0) code = ffmpeg->avcodec_send_frame(context, NULL);
  if (code >= 0) code = ffmpeg->avcodec_receive_packet(context, packet);
  if (code < 0) {
    char reason[64] = "";
    ffmpeg->av_strerror(code, reason, sizeof reason);
    status = swm_fail(error, SWM_UNSUPPORTED, "FFmpeg does not encode the picture: %s", swm_ffmpeg_message[0] != 0 ? swm_ffmpeg_message : reason);
  } else if ((*file = malloc((size_t)packet->size)) == NULL) {
    status = swm_fail(error, SWM_OUT_OF_MEMORY, "no memory for the encoded picture");
  } else {
    memcpy(*file, packet->data, (size_t)packet->size);
    *file_size = (size_t)packet->size;
  }
  ffmpeg->av_packet_free(&packet);
  return status;
}

/// An encoder for one picture and a frame for its pixels.
static swm_status begin(
  const swm_ffmpeg *ffmpeg, enum AVCodecID codec_id, enum AVPixelFormat pixel_format, int width, int height, AVCodecContext **context,
  AVFrame **frame, swm_error *error) {
  if (width <= 0 || height <= 0 || width > SWM_MAX_SIDE || height > SWM_MAX_SIDE) {
    return swm_fail(error, SWM_TOO_LARGE, "%d x %d pixels cannot be written; a side has 1 to %d", width, height, SWM_MAX_SIDE);
  }
  const AVCodec *codec = ffmpeg->avcodec_find_encoder(codec_id);
  if (codec == NULL) return swm_fail(error, SWM_MISSING_LIBRARY, "this FFmpeg was built without the encoder");
  *context = ffmpeg->avcodec_alloc_context3(codec);
  *frame = ffmpeg->av_frame_alloc();
  if (*context != NULL && *frame != NULL) {
    (*context)->width = (*frame)->width = width;
    (*context)->height = (*frame)->height = height;
    (*context)->pix_fmt = pixel_format;
    (*frame)->format = pixel_format;
    (*context)->time_base = (AVRational){1, 1};
    (*context)->thread_count = 1;
    if (ffmpeg->av_frame_get_buffer(*frame, 0) >= 0) return SWM_OK;
  }
  return swm_fail(error, SWM_OUT_OF_MEMORY, "no memory for %d x %d pixels", width, height);
}

swm_status swm_encode_png(
  const uint8_t *pixels, int width, int height, int channels, uint8_t **file, size_t *file_size, swm_error *error) {
  const swm_ffmpeg *ffmpeg = swm_ffmpeg_load(error);
  if (ffmpeg == NULL) return SWM_MISSING_LIBRARY;
  AVCodecContext *context = NULL;
  AVFrame *frame = NULL;
  swm_status status = begin(
    ffmpeg, AV_CODEC_ID_PNG, channels == 1 ? AV_PIX_FMT_GRAY8 : AV_PIX_FMT_RGB24, width, height, &context, &frame, error);
  if (status == SWM_OK) {
    size_t row = (size_t)width * (size_t)channels;
    for (int y = 0; y < height; y++) memcpy(frame->data[0] + (ptrdiff_t)y * frame->linesize[0], pixels + (size_t)y * row, row);
    ffmpeg->av_opt_set(context->priv_data, "pred", "mixed", 0);
    status = encode(ffmpeg, context, frame, file, file_size, error);
  }
  ffmpeg->av_frame_free(&frame);
  ffmpeg->avcodec_free_context(&context);
  return status;
}

/// ITU-T T.81, tables K.1 and K.2, row by row.
static const uint8_t luma_table[64] = {
  16, 11, 10, 16, 24,  40,  51,  61,  12, 12, 14, 19, 26,  58,  60,  55,  14, 13, 16, 24, 40,  57,  69,  56,  14, 17, 22, 29, 51,  87,  80,  62,
  18, 22, 37, 56, 68,  109, 103, 77,  24, 35, 55, 64, 81,  104, 113, 92,  49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
};
static const uint8_t chroma_table[64] = {
  17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,
  99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
};

/// The table at libjpeg's `quality`, in memory that the codec context frees.
static uint16_t *quantisation_table(const swm_ffmpeg *ffmpeg, const uint8_t table[64], int quality) {
  uint16_t *scaled = ffmpeg->av_malloc(64 * sizeof *scaled);
  if (scaled == NULL) return NULL;
  int percent = quality < 50 ? 5000 / quality : 200 - 2 * quality;
  for (int i = 0; i < 64; i++) {
    int step = (table[i] * percent + 50) / 100;
    scaled[i] = (uint16_t)(step < 1 ? 1 : step > 255 ? 255 : step);
  }
  return scaled;
}

static uint8_t rounded(int fixed) {
  int value = (fixed + (1 << 15)) >> 16;
  return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

/// JFIF's luma and chroma of one row, full range.
static void fill_row(const uint8_t *rgb, int width, uint8_t *luma, uint8_t *blue, uint8_t *red) {
  for (int x = 0; x < width; x++, rgb += 3) {
    int r = rgb[0], g = rgb[1], b = rgb[2];
    luma[x] = rounded(19595 * r + 38470 * g + 7471 * b);
    blue[x] = rounded(-11059 * r - 21709 * g + 32768 * b + (128 << 16));
    red[x] = rounded(32768 * r - 27439 * g - 5329 * b + (128 << 16));
  }
}

swm_status swm_encode_jpeg(
  const uint8_t *pixels, int width, int height, int channels, int quality, uint8_t **file, size_t *file_size, swm_error *error) {
  const swm_ffmpeg *ffmpeg = swm_ffmpeg_load(error);
  if (ffmpeg == NULL) return SWM_MISSING_LIBRARY;
  AVCodecContext *context = NULL;
  AVFrame *frame = NULL;
  // FFmpeg's encoder has no grey frames: a grey picture gets flat chroma, which costs a few bits a block.
  swm_status status = begin(ffmpeg, AV_CODEC_ID_MJPEG, AV_PIX_FMT_YUVJ444P, width, height, &context, &frame, error);
  if (status == SWM_OK) {
    for (int y = 0; y < height; y++) {
      uint8_t *planes[3];
      for (int i = 0; i < 3; i++) planes[i] = frame->data[i] + (ptrdiff_t)y * frame->linesize[i];
      const uint8_t *row = pixels + (size_t)y * (size_t)width * (size_t)channels;
      if (channels == 1) {
        memcpy(planes[0], row, (size_t)width);
        memset(planes[1], 128, (size_t)width);
        memset(planes[2], 128, (size_t)width);
      } else {
        fill_row(row, width, planes[0], planes[1], planes[2]);
      }
    }
    // The encoder multiplies its tables by the quantiser over 8: at 8 they are written as they are.
    context->color_range = AVCOL_RANGE_JPEG;
    context->flags |= AV_CODEC_FLAG_QSCALE;
    context->global_quality = 8 * FF_QP2LAMBDA;
    frame->quality = context->global_quality;
    context->intra_matrix = quantisation_table(ffmpeg, luma_table, quality);
    context->chroma_intra_matrix = quantisation_table(ffmpeg, chroma_table, quality);
    status = context->intra_matrix != NULL && context->chroma_intra_matrix != NULL
      ? encode(ffmpeg, context, frame, file, file_size, error)
      : swm_fail(error, SWM_OUT_OF_MEMORY, "no memory for the quantisation tables");
  }
  ffmpeg->av_frame_free(&frame);
  ffmpeg->avcodec_free_context(&context);
  return status;
}

#else

swm_status swm_encode_png(
  const uint8_t *pixels, int width, int height, int channels, uint8_t **file, size_t *file_size, swm_error *error) {
  (void)pixels, (void)width, (void)height, (void)channels, (void)file, (void)file_size;
  swm_ffmpeg_load(error);
  return SWM_MISSING_LIBRARY;
}

swm_status swm_encode_jpeg(
  const uint8_t *pixels, int width, int height, int channels, int quality, uint8_t **file, size_t *file_size, swm_error *error) {
  (void)pixels, (void)width, (void)height, (void)channels, (void)quality, (void)file, (void)file_size;
  swm_ffmpeg_load(error);
  return SWM_MISSING_LIBRARY;
}

#endif
