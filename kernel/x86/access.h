/* SPDX-License-Identifier: MIT */
/*
 * access.h - the only instructions that may fault: accesses to memory that the host can take away, and the SNP
 * instructions that look such memory up. Each returns instead of trapping.
 */
#ifndef KERNEL_X86_ACCESS_H
#define KERNEL_X86_ACCESS_H

#include "lib/types.h"

/* Copies size bytes; 0, or ERR_FAULT when an access faulted (part of the destination is written then). */
int access_copy(void *destination, const void *source, uint64_t size) __must_check;

/* Writes size (a multiple of 8) zero bytes; 0 or ERR_FAULT. */
int access_zero(void *destination, uint64_t size) __must_check;

/* Exchanges a byte atomically; the old value, or ERR_FAULT. */
int access_exchange_byte(volatile uint8_t *address, uint8_t value) __must_check;

#define ACCESS_CARRY (1u << 8)

/*
 * PVALIDATE (APM volume 3): EAX of the instruction, with ACCESS_CARRY or'ed in when CF was set; or ERR_FAULT.
 * size is RMP_PAGE_4K or RMP_PAGE_2M, validate 1 or 0.
 */
int access_pvalidate(va_t address, uint64_t size, uint64_t validate) __must_check;

/* RMPADJUST (APM volume 3): EAX, or ERR_FAULT. attributes: RMP_ATTR_*. */
int access_rmpadjust(va_t address, uint64_t size, uint64_t attributes) __must_check;

/*
 * INVLPGB with the flags INVLPGB_* and neither address nor address space, then TLBSYNC (APM volume 3): 0 when all
 * processors have dropped what the flags name; ERR_FAULT: the host has not enabled the instructions.
 */
int access_broadcast_flush(uint64_t flags) __must_check;

#endif
