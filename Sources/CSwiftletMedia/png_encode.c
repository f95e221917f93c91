#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ffmpeg.h"

void swm_free(void *memory) { free(memory); }

/// Opens `context`, encodes `frame`, and hands out a copy of the packet.
static swm_status encode(
  const swm_ffmpeg *ffmpeg, swm_av_context *context, const swm_av_frame *frame, uint8_t **file, size_t *file_size, swm_error *error) {
  swm_ffmpeg_message[0] = 0;
  swm_av_packet *packet = ffmpeg->av_packet_alloc();
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

/// A PNG encoder for one picture and a frame for its pixels.
static swm_status begin(
  const swm_ffmpeg *ffmpeg, const char *pixel_format, int width, int height, swm_av_context **context, swm_av_frame **frame, swm_error *error) {
  swm_status status = swm_check_writable(width, height, error);
  if (status != SWM_OK) return status;
  const swm_av_codec *codec = ffmpeg->avcodec_find_encoder_by_name("png");
  if (codec == NULL) return swm_fail(error, SWM_MISSING_LIBRARY, "this FFmpeg was built without its PNG encoder");
  *context = ffmpeg->avcodec_alloc_context3(codec);
  *frame = ffmpeg->av_frame_alloc();
  char size[32];
  snprintf(size, sizeof size, "%dx%d", width, height);
  if (*context != NULL && *frame != NULL) {
    (*frame)->width = width;
    (*frame)->height = height;
    (*frame)->format = ffmpeg->av_get_pix_fmt(pixel_format);
    bool set = ffmpeg->av_opt_set(*context, "video_size", size, 0) >= 0 && ffmpeg->av_opt_set(*context, "pixel_format", pixel_format, 0) >= 0
      && ffmpeg->av_opt_set(*context, "time_base", "1/1", 0) >= 0 && ffmpeg->av_opt_set_int(*context, "threads", 1, 0) >= 0
      && ffmpeg->av_opt_set(*context, "pred", "mixed", SWM_AV_OPT_SEARCH_CHILDREN) >= 0;
    if (!set) return swm_fail(error, SWM_MISSING_LIBRARY, "this FFmpeg's PNG encoder cannot be set up");
    if (ffmpeg->av_frame_get_buffer(*frame, 0) >= 0) return SWM_OK;
  }
  return swm_fail(error, SWM_OUT_OF_MEMORY, "no memory for %d x %d pixels", width, height);
}

swm_status swm_encode_png(
  const uint8_t *pixels, int width, int height, int channels, uint8_t **file, size_t *file_size, swm_error *error) {
  const swm_ffmpeg *ffmpeg = swm_ffmpeg_load(error);
  if (ffmpeg == NULL) return SWM_MISSING_LIBRARY;
  swm_av_context *context = NULL;
  swm_av_frame *frame = NULL;
  swm_status status = begin(ffmpeg, channels == 1 ? "gray" : "rgb24", width, height, &context, &frame, error);
  if (status == SWM_OK) {
    size_t row = (size_t)width * (size_t)channels;
    for (int y = 0; y < height; y++) memcpy(frame->data[0] + (ptrdiff_t)y * frame->linesize[0], pixels + (size_t)y * row, row);
    status = encode(ffmpeg, context, frame, file, file_size, error);
  }
  ffmpeg->av_frame_free(&frame);
  ffmpeg->avcodec_free_context(&context);
  return status;
}
