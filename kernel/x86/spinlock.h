/* SPDX-License-Identifier: MIT */
/*
 * spinlock.h - test-and-set lock. Interrupts are always off in the monitor, so it is enough on one CPU and between CPUs.
 *
 * Lock order, outermost first: a vCPU (its own CPU; others try, or hold nothing), area_lock of one vCPU (guest/vcpu.h),
 * frames (mm/frames.c), a block of the page-state map, log (platform/log.c). Only tried, inside a vCPU's and in this
 * order: attestation (protocol/attest.c), services (proc/process.h), security processor (psp/mailbox.c).
 */
#ifndef KERNEL_X86_SPINLOCK_H
#define KERNEL_X86_SPINLOCK_H

#include "lib/types.h"

struct spinlock {
	uint32_t taken;
};

static inline void spinlock_acquire(struct spinlock *lock)
{
	while (__atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE) != 0) {
		while (__atomic_load_n(&lock->taken, __ATOMIC_RELAXED) != 0)
			__builtin_ia32_pause();
	}
}

static inline bool spinlock_try(struct spinlock *lock)
{
	return __atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE) == 0;
}

static inline void spinlock_release(struct spinlock *lock)
{
	__atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE);
}

#endif
