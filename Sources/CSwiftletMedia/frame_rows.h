// A decoded frame's rows as 8-bit RGB.
#pragma once
#include <stdbool.h>

#include "ffmpeg.h"

/// How a frame keeps its pixels.
typedef struct swm_pixel_layout swm_pixel_layout;

/// The layout of the pixel format with this name, or NULL for one that is not read.
const swm_pixel_layout *swm_find_pixel_layout(const char *name);

/// Whether every pixel's red, green and blue are equal, because the frame is grey.
bool swm_layout_is_grey(const swm_pixel_layout *layout);

/// Writes row `y` as interleaved RGB. `scratch` holds 3 * frame->width bytes.
void swm_frame_row(const swm_av_frame *frame, const swm_pixel_layout *layout, bool full_range, int y, uint8_t *rgb, uint8_t *scratch);
