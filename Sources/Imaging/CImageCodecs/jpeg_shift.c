// Chroma that is stored with fewer samples than luma, in a picture whose side is no multiple of theirs: the last sample
// reaches over the edge. Mirrored it would do so at the other end, where a file has nothing to reach over, so all of
// them move by that part. What lies between the samples is taken by a windowed sinc (Lanczos, three lobes): to go
// through the pixels instead, up and down again, blurs them so that it was half of what a rotation of a good file
// changed.

#include "jpeg_shift.h"

#include <math.h>
#include <string.h>

enum { LOBES = 3, TAPS = 2 * LOBES };

static double lanczos(double distance) {
    if (fabs(distance) < 1e-9) return 1;
    double angle = 3.14159265358979 * distance;
    return LOBES * sin(angle) * sin(angle / LOBES) / (angle * angle);
}

void tt_jpeg_shift_line(uint8_t *line, size_t count, size_t stride, double part, uint8_t *copy) {
    if (count == 0) return;
    float weights[TAPS];
    double sum = 0;
    for (int tap = 0; tap < TAPS; tap++) sum += lanczos(tap - (LOBES - 1) - part);
    for (int tap = 0; tap < TAPS; tap++) weights[tap] = (float)(lanczos(tap - (LOBES - 1) - part) / sum);
    for (size_t at = 0; at < count; at++) copy[at] = line[at * stride];
    for (size_t at = 0; at < count; at++) {
        float value = 0.5F;
        for (int tap = 0; tap < TAPS; tap++) {
            ptrdiff_t from = (ptrdiff_t)at + tap - (LOBES - 1);
            if (from < 0) from = 0;
            if (from >= (ptrdiff_t)count) from = (ptrdiff_t)count - 1;
            value += weights[tap] * copy[from];
        }
        line[at * stride] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
    }
}
