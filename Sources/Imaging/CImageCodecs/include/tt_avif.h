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

/// What the AV1 data itself says about its colours (ITU-T H.273).
typedef struct tt_avif_colors {
    uint16_t primaries;
    uint16_t transfer;
    /// Whether the samples went through `deep_color`: the boxes may claim more bits than there are.
    bool is_converted;
} tt_avif_colors;

/// The input of a decoder, and its limits.
typedef struct tt_avif_source {
    /// Boxes of a header. Offsets that go past their end continue in `bytes`.
    const uint8_t *header;
    size_t header_count;
    /// The file.
    const uint8_t *bytes;
    size_t count;
    /// Of the whole picture, as coded.
    uint32_t width;
    uint32_t height;
    /// The most pixels of one item; in a grid, of each tile.
    uint64_t maximum_item_pixels;
} tt_avif_source;

/// Decodes the primary picture to RGB or RGBA (not premultiplied).
///
/// `crop` must be inside the coded picture and is the part that is returned; rotations and flips are not applied.
/// Samples of more than 8 bits go through `deep_color`, made for 16 bits, if it is given; else they are rounded.
/// TT_DAMAGED if the AV1 data has another size, or no alpha although `has_alpha` says so. libavif cannot be stopped
/// within one picture: the flag is checked before and after.
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

/// Writes grey, RGB or RGBA as a still picture of 8 bits: marked as sRGB, BT.601 matrix, full range. `exif` (nullable)
/// is a TIFF block. One thread; it cannot be stopped once begun.
tt_status tt_avif_encode(
    const uint8_t *pixels, uint32_t width, uint32_t height, uint32_t channels, tt_avif_settings settings,
    const uint8_t *_Nullable exif, size_t exif_count, const tt_cancel *_Nullable cancel, tt_buffer *out);

#pragma clang assume_nonnull end

#endif
