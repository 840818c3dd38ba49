#ifndef TR_KERNELS_H
#define TR_KERNELS_H

#include "CRendering.h"

enum {
    WEIGHT_BITS = 14,
    SUM_BITS = 6,
    ROW_SHIFT = WEIGHT_BITS - SUM_BITS,
    // The fractional bits of both after the second pass.
    OUT_SHIFT = WEIGHT_BITS + SUM_BITS,
    // Products of two bytes lose a bit to fit in 15, and another one so that a filter's overshoot fits too.
    ALPHA_SHIFT = WEIGHT_BITS + 1,
};

/// One set of loops for one kind of processor.
typedef struct tr_kernels {
    void (*sum_rows)(const uint8_t *, size_t, const int16_t *, size_t, int16_t *, size_t);
    void (*sum_rows_rgba)(const uint8_t *, size_t, const int16_t *, size_t, int16_t *, size_t);
    void (*filter_gray)(const int16_t *, const tr_window *, size_t, const int16_t *, uint8_t *);
    void (*filter_gray_deep)(const int16_t *, const tr_window *, size_t, const int16_t *, int16_t *);
    void (*filter_rgb)(const int16_t *, const tr_window *, size_t, const int16_t *, uint8_t *);
    void (*filter_rgba)(const int16_t *, const tr_window *, size_t, const int16_t *, uint8_t *);
} tr_kernels;

/// Plain C, for every processor. The others must give the same results to the last bit.
extern const tr_kernels tr_plain;

#if defined(__x86_64__)
extern const tr_kernels tr_avx2;
#endif

static inline int16_t to_sum(int32_t value) {
    return (int16_t)(value < INT16_MIN ? INT16_MIN : value > INT16_MAX ? INT16_MAX : value);
}

static inline uint8_t to_byte(int32_t value) { return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value); }

/// A step of alpha in the sums of the second pass: 255 times alpha has lost two bits, see `ALPHA_SHIFT`.
#define ALPHA_UNIT ((float)(1 << WEIGHT_BITS) * 255.0f / 4)

/// Four sums with `OUT_SHIFT` fractional bits, colours multiplied with alpha, to a pixel.
static inline void to_rgba(const int32_t sum[4], uint8_t *out) {
    int32_t alpha = to_byte((int32_t)((float)(sum[3] < 0 ? 0 : sum[3]) / ALPHA_UNIT + 0.5f));
    // If alpha rounds to zero the colour says nothing, and dividing by almost zero would make noise.
    float factor = alpha == 0 ? 0 : 255.0f / (float)sum[3];
    for (int channel = 0; channel < 3; channel++) {
        float value = (float)sum[channel] * factor;
        out[channel] = (uint8_t)((value < 0 ? 0 : value > 255 ? 255 : value) + 0.5f);
    }
    out[3] = (uint8_t)alpha;
}

#endif
