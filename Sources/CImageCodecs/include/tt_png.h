#ifndef TT_PNG_H
#define TT_PNG_H

#include "tt_memory.h"
#include "tt_pixels.h"

#pragma clang assume_nonnull begin

typedef struct tt_png_info {
    uint32_t width;
    uint32_t height;
    uint8_t bit_depth;
    uint8_t color_type;
    bool has_transparency;
    bool has_srgb;
    /// gAMA times 100,000; 0 where the file has none.
    uint32_t gamma;
} tt_png_info;

/// Reads up to the first IDAT. The ICC profile is appended to `profile`; one that libpng refuses or that is larger
/// than `maximum_profile` is left out.
tt_status tt_png_read_header(
    const uint8_t *source, size_t count, size_t maximum_profile, tt_png_info *info, tt_buffer *profile);

/// Decodes any PNG to grey, RGB or RGBA of 8 bits each; 16 bits are rounded; no gamma is applied.
tt_status tt_png_decode(
    const uint8_t *source, size_t count, uint64_t maximum_pixels, const tt_cancel *_Nullable cancel,
    tt_pixels *pixels);

/// Writes grey, RGB or RGBA of 8 bits.
tt_status tt_png_encode(
    const uint8_t *pixels, uint32_t width, uint32_t height, uint32_t channels, int level,
    const tt_cancel *_Nullable cancel, tt_buffer *out);

/// Turns a PNG without changing a sample: depth, colour type, palette indices and interlacing stay. What is written
/// has IHDR, PLTE where there was one, IDAT and IEND only; the other chunks belong to the caller.
tt_status tt_png_turn(
    const uint8_t *source, size_t count, tt_turn turn, uint64_t maximum_pixels, const tt_cancel *_Nullable cancel,
    tt_buffer *out);

#pragma clang assume_nonnull end

#endif
