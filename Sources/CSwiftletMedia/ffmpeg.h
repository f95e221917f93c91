// FFmpeg's functions as pointers, loaded once. Where the headers are missing, SWM_HAS_FFMPEG is 0 and only `swm_ffmpeg_load` remains, which fails.
#pragma once
#include "internal.h"

#if __has_include(<libavcodec/avcodec.h>) && __has_include(<libavutil/opt.h>)
#define SWM_HAS_FFMPEG 1
#include <libavcodec/avcodec.h>
#include <libavutil/imgutils.h>
#include <libavutil/log.h>
#include <libavutil/opt.h>

#define SWM_AVCODEC_FUNCTIONS(X) \
  X(avcodec_find_decoder)        \
  X(avcodec_find_encoder)        \
  X(avcodec_alloc_context3)      \
  X(avcodec_free_context)        \
  X(avcodec_open2)               \
  X(avcodec_send_packet)         \
  X(avcodec_receive_frame)       \
  X(avcodec_send_frame)          \
  X(avcodec_receive_packet)      \
  X(av_packet_alloc)             \
  X(av_packet_unref)             \
  X(av_packet_free)

#define SWM_AVUTIL_FUNCTIONS(X) \
  X(av_frame_alloc)             \
  X(av_frame_get_buffer)        \
  X(av_frame_unref)             \
  X(av_frame_free)              \
  X(av_get_pix_fmt_name)        \
  X(av_log_set_callback)        \
  X(av_opt_set)                 \
  X(av_malloc)                  \
  X(av_strerror)

typedef struct {
#define X(name) __typeof__(&name) name;
  SWM_AVCODEC_FUNCTIONS(X)
  SWM_AVUTIL_FUNCTIONS(X)
#undef X
} swm_ffmpeg;

/// The first error FFmpeg logged on this thread since it was last cleared; "" for none. Nothing is printed.
extern _Thread_local char swm_ffmpeg_message[160];
#else
#define SWM_HAS_FFMPEG 0
typedef struct swm_ffmpeg swm_ffmpeg;
#endif

/// The functions, or NULL and the package to install.
const swm_ffmpeg *swm_ffmpeg_load(swm_error *error);
