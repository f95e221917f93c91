// A decoded frame's rows as 8-bit RGB.
#pragma once
#include "ffmpeg.h"

#if SWM_HAS_FFMPEG
#include <stdbool.h>

/// Whether `swm_frame_row` reads this pixel format.
bool swm_frame_is_readable(int pixel_format);

/// Whether every pixel's red, green and blue are equal, because the frame is grey.
bool swm_frame_is_grey(int pixel_format);

/// Writes row `y` as interleaved RGB. `scratch` holds 3 * frame->width bytes.
void swm_frame_row(const AVFrame *frame, bool full_range, int y, uint8_t *rgb, uint8_t *scratch);
#endif
