#ifndef TT_JPEG_H
#define TT_JPEG_H

#include "tt_memory.h"
#include "tt_pixels.h"

#pragma clang assume_nonnull begin

typedef enum __attribute__((enum_extensibility(closed))) tt_jpeg_color {
    TT_JPEG_GRAY,
    /// RGB or YCbCr: decoded to RGB.
    TT_JPEG_COLOR,
    /// CMYK or YCCK: decoded to CMYK.
    TT_JPEG_CMYK,
    TT_JPEG_OTHER,
} tt_jpeg_color;

typedef struct tt_jpeg_info {
    uint32_t width;
    uint32_t height;
    tt_jpeg_color color;
    /// The first scan does not contain the whole picture, so decoding keeps the coefficients in memory.
    bool has_many_scans;
    uint8_t components;
    /// Bytes in memory for the coefficients of the whole picture.
    uint64_t coefficient_bytes;
} tt_jpeg_info;

/// Reads up to and including the first SOS. TT_UNSUPPORTED if libjpeg cannot read the coding (12 bits, lossless).
tt_status tt_jpeg_read_header(const uint8_t *source, size_t count, tt_jpeg_info *info);

/// Decodes like djpeg by default, at 1/`denominator` of the size (1, 2, 4 or 8; sides rounded up). A warning of libjpeg
/// is no error here, but an early end of the bytes is.
tt_status tt_jpeg_decode(
    const uint8_t *source, size_t count, uint32_t denominator, uint64_t maximum_pixels, uint32_t maximum_scans,
    const tt_cancel *_Nullable cancel, tt_pixels *pixels);

/// Writes a JPEG, progressive with optimised Huffman tables or plain, from grey or RGB; chroma is halved in both
/// directions unless `full_chroma`. `exif` (nullable) is an APP1 segment's payload.
tt_status tt_jpeg_encode(
    const uint8_t *pixels, uint32_t width, uint32_t height, uint32_t channels, int quality, bool full_chroma,
    bool progressive, const uint8_t *_Nullable exif, size_t exif_count, const tt_cancel *_Nullable cancel,
    tt_buffer *out);

/// Rotates or flips a picture. If the block grid allows it, coefficients are moved, and `is_lossless` is set. Else the
/// picture is decoded and encoded in the file's own colour space, with its own quantisation tables and sampling. With
/// `trims`, a partial block at a mirrored edge is cut off instead, unless nothing would be left. The output is SOI,
/// tables, scans and EOI, without APPn or COM segments: the caller adds those. If libjpeg had to repair data the result
/// is TT_DAMAGED, so that no repair is ever made permanent.
tt_status tt_jpeg_rotate(
    const uint8_t *source, size_t count, tt_rotation rotation, bool trims, uint64_t maximum_pixels,
    uint32_t maximum_scans, const tt_cancel *_Nullable cancel, tt_buffer *out, bool *is_lossless);

#pragma clang assume_nonnull end

#endif
