// FFmpeg's functions as pointers, loaded once. No header of FFmpeg is included: what stands here is the same in its majors 4 to 8, so that a program
// built on one distribution opens pictures on another. Everything else goes through names: codecs, pixel formats and options have one in every major.
#pragma once
#include "internal.h"

/// The libavcodec of FFmpeg 4, of FFmpeg 8, and those between.
enum { SWM_FIRST_AVCODEC = 58, SWM_LAST_AVCODEC = 62 };

/// The leading fields of AVFrame; what follows them moved.
typedef struct {
  uint8_t *data[8];
  int linesize[8];
  uint8_t **extended_data;
  int width, height;
  int nb_samples;
  int format;
} swm_av_frame;

/// The leading fields of AVPacket.
typedef struct {
  void *buf;
  int64_t pts, dts;
  uint8_t *data;
  int size;
} swm_av_packet;

/// AVCodec and AVCodecContext; nothing is read or written in them, but the context's options by name.
typedef struct swm_av_codec swm_av_codec;
typedef struct swm_av_context swm_av_context;

/// Readable bytes that a decoder wants behind a packet (AV_INPUT_BUFFER_PADDING_SIZE).
enum { SWM_AV_PADDING = 64 };

enum { SWM_AV_LOG_ERROR = 16, SWM_AV_OPT_SEARCH_CHILDREN = 1 };

/// FFERRTAG('P', 'A', 'W', 'E').
enum { SWM_AVERROR_PATCHWELCOME = -('P' | 'A' << 8 | 'W' << 16 | 'E' << 24) };

/// Result, name, parameters. A handle finds the functions of libavutil too, which libavcodec depends on.
#define SWM_FFMPEG_FUNCTIONS(X)                                                                    \
  X(unsigned, avcodec_version, (void))                                                             \
  X(const swm_av_codec *, avcodec_find_decoder_by_name, (const char *name))                        \
  X(const swm_av_codec *, avcodec_find_encoder_by_name, (const char *name))                        \
  X(swm_av_context *, avcodec_alloc_context3, (const swm_av_codec *codec))                         \
  X(void, avcodec_free_context, (swm_av_context * *context))                                       \
  X(int, avcodec_open2, (swm_av_context * context, const swm_av_codec *codec, void **options))     \
  X(int, avcodec_send_packet, (swm_av_context * context, const swm_av_packet *packet))             \
  X(int, avcodec_receive_frame, (swm_av_context * context, swm_av_frame *frame))                   \
  X(int, avcodec_send_frame, (swm_av_context * context, const swm_av_frame *frame))                \
  X(int, avcodec_receive_packet, (swm_av_context * context, swm_av_packet *packet))                \
  X(swm_av_packet *, av_packet_alloc, (void))                                                      \
  X(void, av_packet_unref, (swm_av_packet * packet))                                               \
  X(void, av_packet_free, (swm_av_packet * *packet))                                               \
  X(swm_av_frame *, av_frame_alloc, (void))                                                        \
  X(int, av_frame_get_buffer, (swm_av_frame * frame, int alignment))                               \
  X(void, av_frame_unref, (swm_av_frame * frame))                                                  \
  X(void, av_frame_free, (swm_av_frame * *frame))                                                  \
  X(int, av_get_pix_fmt, (const char *name))                                                       \
  X(const char *, av_get_pix_fmt_name, (int format))                                               \
  X(void, av_log_set_callback, (void (*callback)(void *, int, const char *, va_list)))             \
  X(int, av_opt_set, (void *object, const char *name, const char *value, int flags))               \
  X(int, av_opt_set_int, (void *object, const char *name, int64_t value, int flags))               \
  X(int, av_strerror, (int code, char *text, size_t size))

typedef struct {
#define X(result, name, parameters) result(*name) parameters;
  SWM_FFMPEG_FUNCTIONS(X)
#undef X
} swm_ffmpeg;

/// The first error FFmpeg logged on this thread since it was last cleared; "" for none. Nothing is printed.
extern _Thread_local char swm_ffmpeg_message[160];

/// The functions, or NULL and the package to install.
const swm_ffmpeg *swm_ffmpeg_load(swm_error *error);
