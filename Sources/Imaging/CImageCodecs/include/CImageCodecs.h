/// The C side of Tintype's codecs: one function per operation, memory in, memory out, a closed status enum. setjmp is
/// used only in the .c files of these headers; no function here calls back into Swift.
#ifndef TT_CIMAGECODECS_H
#define TT_CIMAGECODECS_H

#include "tt_animation.h"
#include "tt_avif.h"
#include "tt_cancel.h"
#include "tt_color.h"
#include "tt_jpeg.h"
#include "tt_jpeg_planes.h"
#include "tt_memory.h"
#include "tt_pixels.h"
#include "tt_png.h"
#include "tt_scan.h"
#include "tt_status.h"
#include "tt_webp.h"

#endif
