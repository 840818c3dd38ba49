#ifndef TT_AVIF_H
#define TT_AVIF_H

#include "tt_color.h"
#include "tt_memory.h"
#include "tt_pixels.h"

#pragma clang assume_nonnull begin

/// A rectangle of the coded picture.
typedef struct tt_crop {
    uint32_t x;
    uint32_t y;
    uint32_t width;
    uint32_t height;
} tt_crop;

/// What the AV1 data themselves say of their colours (ITU-T H.273).
typedef struct tt_avif_colors {
    uint16_t primaries;
    uint16_t transfer;
    /// Whether the samples went through `deep_color`: the boxes may say more bits than there are.
    bool is_converted;
} tt_avif_colors;

/// What is decoded, and what the decoder is held to.
typedef struct tt_avif_source {
    /// Boxes of a header, whose places count on from their end into `bytes`.
    const uint8_t *header;
    size_t header_count;
    /// The file.
    const uint8_t *bytes;
    size_t count;
    /// Of the whole picture, as coded.
    uint32_t width;
    uint32_t height;
    /// The most that one item may have: of a grid each tile.
    uint64_t maximum_item_pixels;
} tt_avif_source;

/// Decodes the primary picture to RGB or RGBA (not premultiplied).
///
/// `crop` lies inside the coded picture and is what comes out; turns and flips are left alone. Samples of more than 8
/// bits go through `deep_color` where one is given, made for 16 bits, and are rounded else. TT_DAMAGED where the AV1
/// data have another size, or no alpha where `has_alpha` says that there is some. libavif cannot be stopped within one
/// picture: the flag is looked at before and after.
tt_status tt_avif_decode(
    tt_avif_source source, tt_crop crop, bool has_alpha, const tt_color *_Nullable deep_color,
    const tt_cancel *_Nullable cancel, tt_pixels *pixels, tt_avif_colors *colors);

typedef struct tt_avif_settings {
    /// 0 (best) to 63, libaom's constant quality.
    int level;
    /// The same for alpha.
    int alpha_level;
    /// libavif's 0 (slowest) to 10.
    int speed;
    bool full_chroma;
} tt_avif_settings;

/// Writes grey, RGB or RGBA as a still of 8 bits: sRGB by its numbers, BT.601 matrix, full range. `exif` (nullable) is
/// a TIFF block. One thread; cannot be stopped once begun.
tt_status tt_avif_encode(
    const uint8_t *pixels, uint32_t width, uint32_t height, uint32_t channels, tt_avif_settings settings,
    const uint8_t *_Nullable exif, size_t exif_count, const tt_cancel *_Nullable cancel, tt_buffer *out);

#pragma clang assume_nonnull end

#endif
