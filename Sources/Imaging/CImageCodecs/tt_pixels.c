#include "tt_pixels.h"

#include <string.h>

#include "tt_memory.h"

tt_status tt_pixels_allocate(
    tt_pixels *pixels, uint64_t width, uint64_t height, uint32_t channels, uint64_t maximum_pixels) {
    if (width == 0 || height == 0 || channels == 0 || channels > 4) return TT_DAMAGED;
    if (width > INT32_MAX || height > INT32_MAX || width * height > maximum_pixels) return TT_TOO_LARGE;
    uint64_t bytes = width * height * channels;
    if (bytes > SIZE_MAX / 2) return TT_TOO_LARGE;
    pixels->data = tt_allocate((size_t)bytes);
    if (pixels->data == NULL) return TT_NO_MEMORY;
    pixels->width = (uint32_t)width;
    pixels->height = (uint32_t)height;
    pixels->channels = channels;
    return TT_OK;
}

// A tile is small enough that its rows and its columns both stay in the first-level cache.
enum { TILE = 32 };

static inline void rotate_tile(
    const uint8_t *source, size_t width, size_t height, size_t bytes, tt_rotation rotation, uint8_t *target, size_t x0,
    size_t y0, size_t x1, size_t y1) {
    size_t target_width = rotation.transpose ? height : width;
    size_t target_height = rotation.transpose ? width : height;
    for (size_t y = y0; y < y1; y++) {
        size_t flipped_y = rotation.mirror_y ? target_height - 1 - y : y;
        for (size_t x = x0; x < x1; x++) {
            size_t flipped_x = rotation.mirror_x ? target_width - 1 - x : x;
            size_t column = rotation.transpose ? flipped_y : flipped_x;
            size_t row = rotation.transpose ? flipped_x : flipped_y;
            memcpy(target + (y * target_width + x) * bytes, source + (row * width + column) * bytes, bytes);
        }
    }
}

tt_status tt_pixels_rotate(
    const uint8_t *source, uint32_t width, uint32_t height, uint32_t pixel_bytes, tt_rotation rotation, uint8_t *target,
    const tt_cancel *cancel) {
    size_t target_width = rotation.transpose ? height : width;
    size_t target_height = rotation.transpose ? width : height;
    for (size_t y = 0; y < target_height; y += TILE) {
        if (tt_cancel_is_set(cancel)) return TT_CANCELLED;
        size_t y1 = y + TILE < target_height ? y + TILE : target_height;
        for (size_t x = 0; x < target_width; x += TILE) {
            size_t x1 = x + TILE < target_width ? x + TILE : target_width;
            // A constant size lets the compiler turn each copy into one or two moves.
            switch (pixel_bytes) {
            case 1: rotate_tile(source, width, height, 1, rotation, target, x, y, x1, y1); break;
            case 2: rotate_tile(source, width, height, 2, rotation, target, x, y, x1, y1); break;
            case 3: rotate_tile(source, width, height, 3, rotation, target, x, y, x1, y1); break;
            case 4: rotate_tile(source, width, height, 4, rotation, target, x, y, x1, y1); break;
            default: rotate_tile(source, width, height, pixel_bytes, rotation, target, x, y, x1, y1); break;
            }
        }
    }
    return TT_OK;
}
