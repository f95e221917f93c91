/// The kernels of Swiftlet: one operation a header, one list of variants behind each, chosen at run time.
///
/// No kernel allocates, keeps state or reads the environment. Sizes count elements unless their name says bytes,
/// results never overlap inputs unless the header allows it, and swl_isa_of_processor() has every isa that is passed.
#ifndef SWIFTLET_KERNELS_H
#define SWIFTLET_KERNELS_H

#include "swl_attention.h"
#include "swl_cache.h"
#include "swl_convolution.h"
#include "swl_depthwise.h"
#include "swl_elementwise.h"
#include "swl_isa.h"
#include "swl_layout.h"
#include "swl_linear.h"
#include "swl_memory.h"
#include "swl_peak.h"
#include "swl_pictures.h"
#include "swl_pool.h"
#include "swl_resize.h"
#include "swl_rows.h"
#include "swl_types.h"

#endif
