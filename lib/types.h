/* SPDX-License-Identifier: MIT */
/*
 * types.h - typed addresses, page arithmetic, error codes: the vocabulary of every room.
 *
 * An address is a one-member struct so that a guest address never ends up where a virtual one is meant.
 * Values that came from a guest, a host or a disk go through the checked helpers before any arithmetic.
 */
#ifndef LIB_TYPES_H
#define LIB_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define __must_check __attribute__((warn_unused_result))
#define __noreturn __attribute__((noreturn))
#define __printf_like(format_index, first_argument) \
	__attribute__((format(printf, format_index, first_argument)))
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#define PAGE_SHIFT 12u
#define PAGE_SIZE 4096ull
#define PAGE_MASK (PAGE_SIZE - 1u)
#define PAGE_SIZE_2M 0x200000ull
#define PAGE_MASK_2M (PAGE_SIZE_2M - 1u)
#define PAGES_PER_2M 512u

typedef struct {
	uint64_t v;
} gpa_t; /* guest physical address, without the C-bit */
typedef struct {
	uint64_t v;
} pa_t; /* physical address of a page that the monitor owns; numerically a guest physical address */
typedef struct {
	uint64_t v;
} va_t; /* virtual address of the program that holds it */

static inline gpa_t gpa(uint64_t value)
{
	return (gpa_t){ value };
}

static inline pa_t pa(uint64_t value)
{
	return (pa_t){ value };
}

static inline va_t va(uint64_t value)
{
	return (va_t){ value };
}

/*
 * Errors: functions that can fail return 0 or one of these. They say whose fault it is; a protocol maps them to its
 * own codes in one place.
 */
#define ERR_INVALID (-1)     /* an argument is malformed: alignment, reserved bit, range */
#define ERR_ADDRESS (-2)     /* an address that the caller has no right to, or that does not exist */
#define ERR_STATE (-3)       /* well-formed, but not in this state */
#define ERR_NO_MEMORY (-4)   /* nothing was allocated */
#define ERR_BUSY (-5)        /* try again */
#define ERR_FAULT (-6)       /* the memory could not be accessed: the host or the guest took it away */
#define ERR_UNSUPPORTED (-7) /* known, but not offered */
#define ERR_NOT_FOUND (-8)
#define ERR_FORMAT (-9)      /* a structure that was read does not parse */
#define ERR_HOST (-10)       /* the host refused or answered nonsense */
#define ERR_SIZE (-11)       /* hardware: page sizes of request and reverse map differ */
#define ERR_UNCHANGED (-12)  /* hardware: the validated bit already had that value */
#define ERR_PERMISSION (-13) /* hardware: not allowed at this privilege level */
#define ERR_OVERFLOW (-14)   /* the result does not fit */
#define ERR_INCOMPLETE (-15) /* progress was made: the same call again goes on */

static inline bool is_aligned(uint64_t value, uint64_t power_of_two)
{
	return (value & (power_of_two - 1u)) == 0;
}

static inline uint64_t align_down(uint64_t value, uint64_t power_of_two)
{
	return value & ~(power_of_two - 1u);
}

/* Rounds up; the caller has made sure that value + power_of_two - 1 does not wrap. */
static inline uint64_t align_up(uint64_t value, uint64_t power_of_two)
{
	return (value + power_of_two - 1u) & ~(power_of_two - 1u);
}

/* Sum, product in *out; false when it does not fit, *out is then unspecified. */
static inline __must_check bool checked_add(uint64_t a, uint64_t b, uint64_t *out)
{
	return !__builtin_add_overflow(a, b, out);
}

static inline __must_check bool checked_mul(uint64_t a, uint64_t b, uint64_t *out)
{
	return !__builtin_mul_overflow(a, b, out);
}

/* True when [start, start + size) is not empty, does not wrap, and lies in [low, high). */
static inline bool range_within(uint64_t start, uint64_t size, uint64_t low, uint64_t high)
{
	uint64_t end;
	return size != 0 && checked_add(start, size, &end) && start >= low && end <= high;
}

/* True when [a, a + a_size) and [b, b + b_size) share a byte. Neither range may wrap. */
static inline bool ranges_overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
	return a < b + b_size && b < a + a_size;
}

#endif
