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
    /// The first scan does not hold the whole picture, so that coefficients are kept in memory while decoding.
    bool has_many_scans;
    uint8_t components;
    /// What the coefficients of the whole picture take in memory.
    uint64_t coefficient_bytes;
} tt_jpeg_info;

/// Reads up to and with the first SOS. TT_UNSUPPORTED where libjpeg cannot read the coding (12 bits, lossless).
tt_status tt_jpeg_read_header(const uint8_t *source, size_t count, tt_jpeg_info *info);

/// Decodes as djpeg does by default, at 1/`denominator` of the size (1, 2, 4 or 8; sides rounded up). A warning of
/// libjpeg is no error here, an early end of the bytes is.
tt_status tt_jpeg_decode(
    const uint8_t *source, size_t count, uint32_t denominator, uint64_t maximum_pixels, uint32_t maximum_scans,
    const tt_cancel *_Nullable cancel, tt_pixels *pixels);

/// Writes a JPEG, progressive with optimised Huffman tables or plain, from grey or RGB; chroma is halved in both
/// directions unless `full_chroma`. `exif` (nullable) is the payload of an APP1 segment.
tt_status tt_jpeg_encode(
    const uint8_t *pixels, uint32_t width, uint32_t height, uint32_t channels, int quality, bool full_chroma,
    bool progressive, const uint8_t *_Nullable exif, size_t exif_count, const tt_cancel *_Nullable cancel,
    tt_buffer *out);

/// Turns a picture: by moving coefficients where the block grid allows it (`is_lossless` is set), else by decoding and
/// encoding in the file's own colour space and sampling, so much finer quantised that the picture changes by about 1 of
/// 255 in the mean, or as little as a quarter more bytes allow. With `trims` the part of a block at a mirrored edge
/// that would stand in the way is cut off instead, as long as something is left. What is written is SOI, tables, scans
/// and EOI, without any APPn or COM segment: those belong to the caller. Data that libjpeg had to repair is TT_DAMAGED,
/// so that no repair is ever made permanent.
tt_status tt_jpeg_turn(
    const uint8_t *source, size_t count, tt_turn turn, bool trims, uint64_t maximum_pixels, uint32_t maximum_scans,
    const tt_cancel *_Nullable cancel, tt_buffer *out, bool *is_lossless);

#pragma clang assume_nonnull end

#endif
