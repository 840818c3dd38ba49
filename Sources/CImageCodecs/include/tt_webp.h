#ifndef TT_WEBP_H
#define TT_WEBP_H

#include "tt_memory.h"
#include "tt_pixels.h"

#pragma clang assume_nonnull begin

typedef struct tt_webp_info {
    uint32_t width;
    uint32_t height;
    bool has_alpha;
    bool is_animated;
    /// The frame is VP8L. False where the header alone does not tell.
    bool is_lossless;
} tt_webp_info;

tt_status tt_webp_read_header(const uint8_t *source, size_t count, tt_webp_info *info);

/// Decodes a still picture to RGB, or RGBA where the file says that it has alpha (not premultiplied).
tt_status tt_webp_decode(
    const uint8_t *source, size_t count, uint64_t maximum_pixels, const tt_cancel *_Nullable cancel,
    tt_pixels *pixels);

/// Writes RGB or RGBA: lossy by `quality` (0 to 100, alpha kept exactly), or, where `is_lossless`, exactly, colours
/// under full transparency included.
tt_status tt_webp_encode(
    const uint8_t *pixels, uint32_t width, uint32_t height, uint32_t channels, float quality, bool is_lossless,
    const tt_cancel *_Nullable cancel, tt_buffer *out);

#pragma clang assume_nonnull end

#endif
