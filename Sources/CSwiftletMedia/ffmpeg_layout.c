// Where FFmpeg's headers are installed, the compiler compares what ffmpeg.h says with them. Nothing else includes them.
#include "ffmpeg.h"

#if __has_include(<libavcodec/avcodec.h>) && __has_include(<libavutil/opt.h>)
#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>

#define SAME_FIELD(ours, theirs, field)                                                                            \
  _Static_assert(offsetof(ours, field) == offsetof(theirs, field), #theirs "." #field " lies elsewhere");          \
  _Static_assert(sizeof(((ours *)0)->field) == sizeof(((theirs *)0)->field), #theirs "." #field " has another size")

SAME_FIELD(swm_av_frame, AVFrame, data);
SAME_FIELD(swm_av_frame, AVFrame, linesize);
SAME_FIELD(swm_av_frame, AVFrame, extended_data);
SAME_FIELD(swm_av_frame, AVFrame, width);
SAME_FIELD(swm_av_frame, AVFrame, height);
SAME_FIELD(swm_av_frame, AVFrame, nb_samples);
SAME_FIELD(swm_av_frame, AVFrame, format);
SAME_FIELD(swm_av_packet, AVPacket, buf);
SAME_FIELD(swm_av_packet, AVPacket, pts);
SAME_FIELD(swm_av_packet, AVPacket, dts);
SAME_FIELD(swm_av_packet, AVPacket, data);
SAME_FIELD(swm_av_packet, AVPacket, size);
_Static_assert(SWM_AV_PADDING >= AV_INPUT_BUFFER_PADDING_SIZE, "decoders read further behind a packet");
_Static_assert(SWM_AV_LOG_ERROR == AV_LOG_ERROR, "AV_LOG_ERROR has another value");
_Static_assert(SWM_AV_OPT_SEARCH_CHILDREN == AV_OPT_SEARCH_CHILDREN, "AV_OPT_SEARCH_CHILDREN has another value");
_Static_assert(SWM_AVERROR_PATCHWELCOME == AVERROR_PATCHWELCOME, "AVERROR_PATCHWELCOME has another value");
#endif
