#ifndef TT_ANIMATION_H
#define TT_ANIMATION_H

#include "tt_memory.h"
#include "tt_pixels.h"

#pragma clang assume_nonnull begin

typedef struct tt_animation_info {
    uint32_t width;
    uint32_t height;
    uint32_t frames;
    /// 0: forever.
    uint32_t loops;
} tt_animation_info;

/// A decoder for an animated WebP. The bytes must stay in place until it is closed.
typedef struct tt_webp_player tt_webp_player;

/// TT_TOO_LARGE if the canvas has more pixels.
tt_status tt_webp_player_open(
    const uint8_t *source, size_t count, uint64_t maximum_pixels, tt_animation_info *info,
    tt_webp_player *_Nullable *_Nonnull player);
/// Copies the next frame, composed to the whole canvas, into an RGBA buffer of that size (not premultiplied). `end` is
/// when it ends, in milliseconds from the start. TT_TRUNCATED if there is no frame left.
tt_status tt_webp_player_next(tt_webp_player *player, uint8_t *canvas, uint32_t *end);
void tt_webp_player_close(tt_webp_player *player);

/// An encoder for an animated WebP.
typedef struct tt_webp_writer tt_webp_writer;

/// `quality` and `method` as for a still picture.
tt_status tt_webp_writer_open(
    uint32_t width, uint32_t height, uint32_t loops, float quality, bool is_lossless, int method,
    tt_webp_writer *_Nullable *_Nonnull writer);
/// Adds a picture of the canvas's size, grey, RGB or RGBA, that is shown for so many milliseconds.
tt_status tt_webp_writer_add(
    tt_webp_writer *writer, const uint8_t *pixels, uint32_t channels, uint32_t milliseconds,
    const tt_cancel *_Nullable cancel);
tt_status tt_webp_writer_finish(tt_webp_writer *writer, tt_buffer *out);
void tt_webp_writer_close(tt_webp_writer *writer);

/// Puts a frame of 1, 3 or 4 channels onto an RGBA canvas, inside it: replaces the pixels there or blends over them.
tt_status tt_pixels_compose(
    uint8_t *canvas, uint32_t canvas_width, uint32_t canvas_height, const uint8_t *frame, uint32_t width,
    uint32_t height, uint32_t channels, uint32_t x, uint32_t y, bool blends);

#pragma clang assume_nonnull end

#endif
