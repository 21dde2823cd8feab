/* SPDX-License-Identifier: MIT */
/*
 * prover.h - the words of a proof. Only the model checker sees it.
 *
 * A harness gives a function every input that its contract allows (an any_...() value is any value of its type), calls
 * it, and states what must hold afterwards. The checker adds memory safety and overflow everywhere. Nothing is proved
 * about concurrency, timing, the hardware or the compiler; inline assembly must not be reached.
 *
 * CANARY() marks a place that the inputs must reach: the checker has to find a way there. A harness that assumes too much
 * would prove anything; its canaries fail the proof.
 */
#ifndef PROOFS_PROVER_H
#define PROOFS_PROVER_H

#include <stdbool.h>
#include <stdint.h>

#define ASSUME(condition) __CPROVER_assume(condition)
#define PROVE(condition, text) __CPROVER_assert(condition, text)
#define IMPLIES(a, b) (!(a) || (b))

#ifdef MISTAKE
#define CANARY(text) ((void)0)
#else
#define CANARY(text) __CPROVER_assert(0, "canary: " text)
#endif

#define ANY(type) \
	({ \
		type any_value; \
		any_value; \
	})
static inline uint64_t any_u64(void) { return ANY(uint64_t); }
static inline uint32_t any_u32(void) { return ANY(uint32_t); }
static inline uint16_t any_u16(void) { return ANY(uint16_t); }
static inline uint8_t any_u8(void) { return ANY(uint8_t); }
static inline int any_int(void) { return ANY(int); }
static inline bool any_bool(void) { return (ANY(uint8_t) & 1u) != 0; } /* a bool is 0 or 1 */

/* There is one processor in a proof. */
#define __builtin_ia32_pause() ((void)0)

#endif
