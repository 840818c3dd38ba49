#ifndef TT_PNG_H
#define TT_PNG_H

#include "tt_color.h"
#include "tt_memory.h"
#include "tt_pixels.h"

#pragma clang assume_nonnull begin

typedef struct tt_png_info {
    uint32_t width;
    uint32_t height;
    uint8_t bit_depth;
    uint8_t color_type;
    bool has_transparency;
    /// gAMA times 100,000; 0 if the file has none.
    uint32_t gamma;
    /// cHRM.
    bool has_primaries;
    bool is_interlaced;
    tt_primaries primaries;
} tt_png_info;

/// Reads up to the first IDAT. The ICC profile is appended to `profile`, unless libpng rejects it or it is larger than
/// `maximum_profile`. An sRGB chunk is ignored.
tt_status tt_png_read_header(
    const uint8_t *source, size_t count, size_t maximum_profile, tt_png_info *info, tt_buffer *profile);

/// Decodes any PNG to grey, RGB or RGBA of 8 bits each. Samples of 16 bits go through `deep_color`, made for such
/// samples, if it is given; else they are rounded. No other colours are converted.
tt_status tt_png_decode(
    const uint8_t *source, size_t count, const tt_color *_Nullable deep_color, uint64_t maximum_pixels,
    const tt_cancel *_Nullable cancel, tt_pixels *pixels);

/// Settings for libpng and zlib.
typedef struct tt_png_settings {
    /// zlib's 0 to 9.
    int level;
    /// A set of PNG_FILTER_* flags for pictures without a palette; with several libpng chooses row by row.
    int filters;
} tt_png_settings;

/// Writes grey, RGB or RGBA of 8 bits with exact pixels, in the smallest form that holds them all: without alpha if all
/// is opaque, without colour if all is grey, grey in the fewest bits that hold it, and up to 256 different colours as a
/// palette. Colours of fully transparent pixels are kept.
tt_status tt_png_encode(
    const uint8_t *pixels, uint32_t width, uint32_t height, uint32_t channels, tt_png_settings settings,
    const tt_cancel *_Nullable cancel, tt_buffer *out);

/// Rotates or flips a PNG without changing a sample: depth, colour type, palette indices and interlacing stay. The
/// output has only IHDR, PLTE if there was one, IDAT and IEND; the caller adds the other chunks.
tt_status tt_png_rotate(
    const uint8_t *source, size_t count, tt_rotation rotation, uint64_t maximum_pixels,
    const tt_cancel *_Nullable cancel, tt_buffer *out);

#pragma clang assume_nonnull end

#endif
