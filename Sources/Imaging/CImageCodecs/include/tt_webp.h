#ifndef TT_WEBP_H
#define TT_WEBP_H

#include "tt_memory.h"
#include "tt_pixels.h"

#pragma clang assume_nonnull begin

typedef struct tt_webp_info {
    uint32_t width;
    uint32_t height;
    /// As libwebp reports it, mostly from the flag in VP8X, which is a hint.
    bool has_alpha;
    bool is_animated;
    /// The frame is VP8L. False if the header alone does not tell.
    bool is_lossless;
} tt_webp_info;

tt_status tt_webp_read_header(const uint8_t *source, size_t count, tt_webp_info *info);

/// Decodes a still picture to RGB, or to RGBA if it `has_alpha` (not premultiplied). With a `denominator` over 1,
/// libwebp averages the whole picture down to that fraction of its size, sides rounded up.
tt_status tt_webp_decode(
    const uint8_t *source, size_t count, bool has_alpha, uint32_t denominator, uint64_t maximum_pixels,
    const tt_cancel *_Nullable cancel, tt_pixels *pixels);

/// Writes grey, RGB or RGBA: lossy by `quality` (0 to 100, alpha kept exactly), or if `is_lossless`, exactly, including
/// the colours of fully transparent pixels. `method` is libwebp's effort, 0 to 6.
tt_status tt_webp_encode(
    const uint8_t *pixels, uint32_t width, uint32_t height, uint32_t channels, float quality, bool is_lossless,
    int method, const tt_cancel *_Nullable cancel, tt_buffer *out);

#pragma clang assume_nonnull end

#endif
