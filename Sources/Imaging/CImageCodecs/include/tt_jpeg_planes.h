#ifndef TT_JPEG_PLANES_H
#define TT_JPEG_PLANES_H

#include "tt_memory.h"
#include "tt_pixels.h"

#pragma clang assume_nonnull begin

/// One component of a picture: 8 bits per sample, rows `stride` bytes apart. Pixel x of the whole picture, decoded at
/// full size, is at `x * scale_x / scale_base_x` here.
typedef struct tt_plane {
    uint8_t *_Nullable data;
    size_t stride;
    uint32_t width;
    uint32_t height;
    uint32_t scale_x;
    uint32_t scale_base_x;
    uint32_t scale_y;
    uint32_t scale_base_y;
} tt_plane;

/// Y, Cb and Cr of full range (JFIF). One block of memory holds all three and begins with the first one.
typedef struct tt_planes {
    tt_plane plane[3];
} tt_planes;

/// Decodes a YCbCr JPEG at 1/`denominator` of its size (1, 2, 4 or 8) as it is stored: chroma is not scaled to the size
/// of luma, nothing is converted. TT_UNSUPPORTED for any other colour space. Free `planes->plane[0].data` with
/// `tt_free`.
///
/// - keeps_chroma: chroma with fewer samples than luma is reduced less, down to luma's size, so that none of it is
///   lost. Without it, chroma may have as many times fewer samples than luma as in the file.
tt_status tt_jpeg_decode_planes(
    const uint8_t *source, size_t count, uint32_t denominator, bool keeps_chroma, uint64_t maximum_pixels,
    uint32_t maximum_scans, const tt_cancel *_Nullable cancel, tt_planes *planes);

/// Writes a JPEG like `tt_jpeg_encode`, from planes without gaps: Y of `width` x `height`, Cb and Cr of the same size,
/// or unless `full_chroma`, of half as many columns and rows, rounded up.
tt_status tt_jpeg_encode_planes(
    const uint8_t *y, const uint8_t *cb, const uint8_t *cr, uint32_t width, uint32_t height, int quality,
    bool full_chroma, bool progressive, const uint8_t *_Nullable exif, size_t exif_count,
    const tt_cancel *_Nullable cancel, tt_buffer *out);

#pragma clang assume_nonnull end

#endif
