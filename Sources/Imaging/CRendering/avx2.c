#include "kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#define AVX2 __attribute__((target("avx2")))

// Two weights in every lane, for products with two samples side by side.
static inline AVX2 __m256i weight_pair(const int16_t *weights, size_t tap, size_t taps) {
    int second = tap + 1 < taps ? weights[tap + 1] : 0;
    return _mm256_set1_epi32((int)((uint32_t)(uint16_t)weights[tap] | (uint32_t)second << 16));
}

// Adds sixteen sums of two samples times two weights.
static inline AVX2 void add_16(const uint8_t *one, const uint8_t *other, __m256i pair, __m256i sum[2]) {
    __m128i a = _mm_loadu_si128((const __m128i *)one);
    __m128i b = _mm_loadu_si128((const __m128i *)other);
    __m256i low = _mm256_cvtepu8_epi16(_mm_unpacklo_epi8(a, b));
    __m256i high = _mm256_cvtepu8_epi16(_mm_unpackhi_epi8(a, b));
    sum[0] = _mm256_add_epi32(sum[0], _mm256_madd_epi16(low, pair));
    sum[1] = _mm256_add_epi32(sum[1], _mm256_madd_epi16(high, pair));
}

static inline AVX2 void store_16(const __m256i sum[2], int shift, int16_t *out) {
    __m256i half = _mm256_set1_epi32(1 << (shift - 1));
    __m256i low = _mm256_srai_epi32(_mm256_add_epi32(sum[0], half), shift);
    __m256i high = _mm256_srai_epi32(_mm256_add_epi32(sum[1], half), shift);
    // The pack works within halves of the register; the permutation restores the order.
    __m256i packed = _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), 0xD8);
    _mm256_storeu_si256((__m256i *)out, packed);
}

static AVX2 void sum_rows(
    const uint8_t *rows, size_t stride, const int16_t *weights, size_t taps, int16_t *sums, size_t count) {
    if (count < 16) {
        tr_plain.sum_rows(rows, stride, weights, taps, sums, count);
        return;
    }
    size_t i = 0;
    // A cache line of every row at a time.
    for (; i + 64 <= count; i += 64) {
        __m256i sum[8];
        for (int part = 0; part < 8; part++) sum[part] = _mm256_setzero_si256();
        for (size_t tap = 0; tap < taps; tap += 2) {
            const uint8_t *one = rows + tap * stride + i;
            // After an odd number of rows there may be none: its weight is zero, so any row will do.
            const uint8_t *other = tap + 1 < taps ? one + stride : one;
            __m256i pair = weight_pair(weights, tap, taps);
            for (int part = 0; part < 4; part++) add_16(one + part * 16, other + part * 16, pair, sum + part * 2);
        }
        for (int part = 0; part < 4; part++) store_16(sum + part * 2, ROW_SHIFT, sums + i + part * 16);
    }
    while (i < count) {
        // The last ones are done together with some that were done before.
        if (i + 16 > count) i = count - 16;
        __m256i sum[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
        for (size_t tap = 0; tap < taps; tap += 2) {
            const uint8_t *one = rows + tap * stride + i;
            add_16(one, tap + 1 < taps ? one + stride : one, weight_pair(weights, tap, taps), sum);
        }
        store_16(sum, ROW_SHIFT, sums + i);
        i += 16;
    }
}

// Four pixels: colours times alpha, alpha times 255, without the last bit.
static inline AVX2 __m256i multiplied(const uint8_t *pixels) {
    __m256i wide = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)pixels));
    const __m256i spread = _mm256_setr_epi8(
        6, 7, 6, 7, 6, 7, 6, 7, 14, 15, 14, 15, 14, 15, 14, 15, 6, 7, 6, 7, 6, 7, 6, 7, 14, 15, 14, 15, 14, 15, 14, 15);
    __m256i alpha = _mm256_shuffle_epi8(wide, spread);
    __m256i opaque = _mm256_blend_epi16(wide, _mm256_set1_epi16(255), 0x88);
    return _mm256_srli_epi16(_mm256_mullo_epi16(opaque, alpha), 1);
}

static inline AVX2 void add_rgba(const uint8_t *one, const uint8_t *other, __m256i pair, __m256i sum[2]) {
    __m256i a = multiplied(one);
    __m256i b = multiplied(other);
    sum[0] = _mm256_add_epi32(sum[0], _mm256_madd_epi16(_mm256_unpacklo_epi16(a, b), pair));
    sum[1] = _mm256_add_epi32(sum[1], _mm256_madd_epi16(_mm256_unpackhi_epi16(a, b), pair));
}

// The unpacking worked within halves, and so does the pack: they cancel out.
static inline AVX2 void store_rgba(const __m256i sum[2], int16_t *out) {
    __m256i half = _mm256_set1_epi32(1 << (ALPHA_SHIFT - 1));
    __m256i low = _mm256_srai_epi32(_mm256_add_epi32(sum[0], half), ALPHA_SHIFT);
    __m256i high = _mm256_srai_epi32(_mm256_add_epi32(sum[1], half), ALPHA_SHIFT);
    _mm256_storeu_si256((__m256i *)out, _mm256_packs_epi32(low, high));
}

static AVX2 void sum_rows_rgba(
    const uint8_t *rows, size_t stride, const int16_t *weights, size_t taps, int16_t *sums, size_t count) {
    if (count < 4) {
        tr_plain.sum_rows_rgba(rows, stride, weights, taps, sums, count);
        return;
    }
    size_t i = 0;
    for (; i + 16 <= count; i += 16) {
        __m256i sum[8];
        for (int part = 0; part < 8; part++) sum[part] = _mm256_setzero_si256();
        for (size_t tap = 0; tap < taps; tap += 2) {
            const uint8_t *one = rows + tap * stride + i * 4;
            const uint8_t *other = tap + 1 < taps ? one + stride : one;
            __m256i pair = weight_pair(weights, tap, taps);
            for (int part = 0; part < 4; part++) add_rgba(one + part * 16, other + part * 16, pair, sum + part * 2);
        }
        for (int part = 0; part < 4; part++) store_rgba(sum + part * 2, sums + i * 4 + part * 16);
    }
    while (i < count) {
        if (i + 4 > count) i = count - 4;
        __m256i sum[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
        for (size_t tap = 0; tap < taps; tap += 2) {
            const uint8_t *one = rows + tap * stride + i * 4;
            add_rgba(one, tap + 1 < taps ? one + stride : one, weight_pair(weights, tap, taps), sum);
        }
        store_rgba(sum, sums + i * 4);
        i += 4;
    }
}

// Eight partial sums of one pixel.
static inline AVX2 __m256i sum_gray(const int16_t *sums, const tr_window *window, const int16_t *weights) {
    const int16_t *at = sums + window->start;
    const int16_t *list = weights + window->offset;
    __m256i sum = _mm256_setzero_si256();
    for (int32_t tap = 0; tap < window->count; tap += 16)
        sum = _mm256_add_epi32(
            sum, _mm256_madd_epi16(
                     _mm256_loadu_si256((const __m256i *)(at + tap)),
                     _mm256_loadu_si256((const __m256i *)(list + tap))));
    return sum;
}

// Four pixels at a time share the adding of their partial sums; after the last one it is repeated.
static inline AVX2 __m128i filter_four(
    const int16_t *sums, const tr_window *windows, size_t x, size_t count, const int16_t *weights, int shift) {
    __m256i part[4];
    for (size_t index = 0; index < 4; index++) {
        size_t pixel = x + index < count ? x + index : count - 1;
        part[index] = sum_gray(sums, windows + pixel, weights);
    }
    __m256i all = _mm256_hadd_epi32(_mm256_hadd_epi32(part[0], part[1]), _mm256_hadd_epi32(part[2], part[3]));
    __m128i four = _mm_add_epi32(_mm256_castsi256_si128(all), _mm256_extracti128_si256(all, 1));
    four = _mm_srai_epi32(_mm_add_epi32(four, _mm_set1_epi32(1 << (shift - 1))), shift);
    return _mm_packs_epi32(four, four);
}

static AVX2 void filter_gray(
    const int16_t *sums, const tr_window *windows, size_t count, const int16_t *weights, uint8_t *out) {
    for (size_t x = 0; x < count; x += 4) {
        __m128i four = filter_four(sums, windows, x, count, weights, OUT_SHIFT);
        uint32_t bytes = (uint32_t)_mm_cvtsi128_si32(_mm_packus_epi16(four, four));
        memcpy(out + x, &bytes, count - x < 4 ? count - x : 4);
    }
}

static AVX2 void filter_gray_deep(
    const int16_t *sums, const tr_window *windows, size_t count, const int16_t *weights, int16_t *out) {
    for (size_t x = 0; x < count; x += 4) {
        int16_t four[8];
        _mm_storeu_si128((__m128i *)four, filter_four(sums, windows, x, count, weights, WEIGHT_BITS));
        memcpy(out + x, four, (count - x < 4 ? count - x : 4) * sizeof *out);
    }
}

// The sums of one pixel's channels, four taps at a time. `order` brings the samples of two neighbours together.
static inline AVX2 __m128i sum_pixel(
    const int16_t *sums, const tr_window *window, size_t channels, const int16_t *weights, __m256i order) {
    const int16_t *at = sums + (size_t)window->start * channels;
    const int16_t *list = weights + window->offset;
    const __m256i halves = _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1);
    __m256i sum = _mm256_setzero_si256();
    for (int32_t tap = 0; tap < window->count; tap += 4) {
        __m256i four = _mm256_inserti128_si256(
            _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)at)),
            _mm_loadu_si128((const __m128i *)(at + 2 * channels)), 1);
        __m256i pairs = _mm256_permutevar8x32_epi32(
            _mm256_castsi128_si256(_mm_loadl_epi64((const __m128i *)(list + tap))), halves);
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_shuffle_epi8(four, order), pairs));
        at += 4 * channels;
    }
    return _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
}

static AVX2 void filter_rgb(
    const int16_t *sums, const tr_window *windows, size_t count, const int16_t *weights, uint8_t *out) {
    const __m256i order = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11, -1, -1, -1, -1));
    const __m128i half = _mm_set1_epi32(1 << (OUT_SHIFT - 1));
    for (size_t x = 0; x < count; x++) {
        __m128i sum = sum_pixel(sums, windows + x, 3, weights, order);
        sum = _mm_srai_epi32(_mm_add_epi32(sum, half), OUT_SHIFT);
        sum = _mm_packs_epi32(sum, sum);
        uint32_t pixel = (uint32_t)_mm_cvtsi128_si32(_mm_packus_epi16(sum, sum));
        memcpy(out + x * 3, &pixel, 3);
    }
}

static AVX2 void filter_rgba(
    const int16_t *sums, const tr_window *windows, size_t count, const int16_t *weights, uint8_t *out) {
    const __m256i order = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15));
    const __m128 zero = _mm_setzero_ps(), full = _mm_set1_ps(255), half = _mm_set1_ps(0.5f);
    for (size_t x = 0; x < count; x++) {
        // The same steps as in `to_rgba`, for all four at once.
        __m128 sum = _mm_cvtepi32_ps(sum_pixel(sums, windows + x, 4, weights, order));
        float total = _mm_cvtss_f32(_mm_shuffle_ps(sum, sum, 0xFF));
        int32_t alpha = to_byte((int32_t)((total < 0 ? 0 : total) / ALPHA_UNIT + 0.5f));
        __m128 factor = _mm_set1_ps(alpha == 0 ? 0 : 255.0f / total);
        __m128 color = _mm_min_ps(_mm_max_ps(_mm_mul_ps(sum, factor), zero), full);
        __m128i pixel = _mm_insert_epi16(
            _mm_packs_epi32(_mm_cvttps_epi32(_mm_add_ps(color, half)), _mm_setzero_si128()), alpha, 3);
        uint32_t bytes = (uint32_t)_mm_cvtsi128_si32(_mm_packus_epi16(pixel, pixel));
        memcpy(out + x * 4, &bytes, 4);
    }
}

const tr_kernels tr_avx2 = {
    sum_rows, sum_rows_rgba, filter_gray, filter_gray_deep, filter_rgb, filter_rgba};

#endif
