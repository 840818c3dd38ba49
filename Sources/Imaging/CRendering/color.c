#include "kernels.h"

// The coefficients of JFIF 1.02 in as many fractional bits as weights have.
enum { RED_CR = 22970, GREEN_CB = 5638, GREEN_CR = 11700, BLUE_CB = 29032 };

void tr_ycc_to_rgb(const int16_t *y, const int16_t *cb, const int16_t *cr, size_t count, uint8_t *out) {
    for (size_t i = 0; i < count; i++) {
        int32_t light = y[i] * TR_ONE + (1 << (OUT_SHIFT - 1));
        int32_t blue = cb[i] - (128 << SUM_BITS);
        int32_t red = cr[i] - (128 << SUM_BITS);
        out[i * 3] = to_byte((light + RED_CR * red) >> OUT_SHIFT);
        out[i * 3 + 1] = to_byte((light - GREEN_CB * blue - GREEN_CR * red) >> OUT_SHIFT);
        out[i * 3 + 2] = to_byte((light + BLUE_CB * blue) >> OUT_SHIFT);
    }
}
