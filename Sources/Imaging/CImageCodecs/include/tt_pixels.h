#ifndef TT_PIXELS_H
#define TT_PIXELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tt_cancel.h"
#include "tt_status.h"

#pragma clang assume_nonnull begin

/// Interleaved samples of 8 bits, rows without gaps: `width * channels` bytes each. `data` comes from `tt_allocate` and
/// belongs to the caller.
typedef struct tt_pixels {
    uint8_t *_Nullable data;
    uint32_t width;
    uint32_t height;
    /// 1 grey, 3 RGB, 4 RGBA or (from a JPEG only) CMYK.
    uint32_t channels;
} tt_pixels;

/// A symmetry of the rectangle: if `transpose` is set, rows and columns are exchanged first; then the result is
/// mirrored left to right and top to bottom.
typedef struct tt_rotation {
    bool transpose;
    bool mirror_x;
    bool mirror_y;
} tt_rotation;

/// Allocates zeroed memory for a picture after checking its size again.
tt_status tt_pixels_allocate(
    tt_pixels *pixels, uint64_t width, uint64_t height, uint32_t channels, uint64_t maximum_pixels);

/// Moves pixels of `pixel_bytes` bytes each from a gapless picture of `width` x `height` to `target`, which must be as
/// large.
tt_status tt_pixels_rotate(
    const uint8_t *source, uint32_t width, uint32_t height, uint32_t pixel_bytes, tt_rotation rotation, uint8_t *target,
    const tt_cancel *_Nullable cancel);

#pragma clang assume_nonnull end

#endif
