#include "tt_animation.h"

// Porter and Duff's "over" for straight alpha, rounded to the nearest.
static void blend(uint8_t *under, const uint8_t *over) {
    uint32_t alpha = over[3];
    if (alpha == 255 || under[3] == 0) {
        for (int sample = 0; sample < 4; sample++) under[sample] = over[sample];
        return;
    }
    if (alpha == 0) return;
    uint32_t kept = (uint32_t)under[3] * (255 - alpha);
    uint32_t total = alpha * 255 + kept;
    for (int sample = 0; sample < 3; sample++)
        under[sample] = (uint8_t)((over[sample] * alpha * 255 + under[sample] * kept + total / 2) / total);
    under[3] = (uint8_t)((total + 127) / 255);
}

tt_status tt_pixels_compose(
    uint8_t *canvas, uint32_t canvas_width, uint32_t canvas_height, const uint8_t *frame, uint32_t width,
    uint32_t height, uint32_t channels, uint32_t x, uint32_t y, bool blends) {
    if (channels != 1 && channels != 3 && channels != 4) return TT_INTERNAL_ERROR;
    if (width > canvas_width || x > canvas_width - width || height > canvas_height || y > canvas_height - height)
        return TT_INTERNAL_ERROR;
    for (uint32_t row = 0; row < height; row++) {
        uint8_t *target = canvas + ((size_t)(y + row) * canvas_width + x) * 4;
        const uint8_t *source = frame + (size_t)row * width * channels;
        for (uint32_t column = 0; column < width; column++, target += 4, source += channels) {
            uint8_t pixel[4] = {
                source[0], channels == 1 ? source[0] : source[1], channels == 1 ? source[0] : source[2],
                channels == 4 ? source[3] : 255};
            if (blends)
                blend(target, pixel);
            else
                for (int sample = 0; sample < 4; sample++) target[sample] = pixel[sample];
        }
    }
    return TT_OK;
}
