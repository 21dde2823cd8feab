/* SPDX-License-Identifier: MIT */
/*
 * ghcb.h - talking to the host: the GHCB MSR protocol and GHCB events (56421).
 *
 * The GHCB page is the host's to scribble on at any time: outputs are read once, checked, and only the copy is used.
 */
#ifndef KERNEL_PLATFORM_SNP_GHCB_H
#define KERNEL_PLATFORM_SNP_GHCB_H

#include "abi/ghcb.h"
#include "lib/types.h"

/* One exchange by MSR; the host's answer. */
uint64_t ghcb_msr_call(uint64_t request);

/* Ends the VM with a reason set and code; does not return even if the host does. */
void ghcb_terminate(uint8_t set, uint8_t code) __noreturn;

struct ghcb_event {
	uint64_t exit_code, info_1, info_2;
	uint64_t scratch; /* GPA of the data buffer; 0: none */
	uint64_t rax;     /* given to the host when has_rax */
	bool has_rax;
	bool has_msr;     /* rcx and rdx are given, too */
	uint64_t rcx, rdx;
	bool has_rbx;
	uint64_t rbx;
};

/*
 * One event through this CPU's GHCB page. Returns 0 with *info_2 (may be NULL) as the host left it; ERR_HOST when the
 * host reports an error, an exception, or leaves its answer out.
 */
int ghcb_call(const struct ghcb_event *event, uint64_t *info_2) __must_check;

/* RDMSR and WRMSR of a register that the host emulates. ERR_HOST: refused. */
int ghcb_read_msr(uint32_t msr, uint64_t *value) __must_check;
int ghcb_write_msr(uint32_t msr, uint64_t value) __must_check;

/*
 * Guest request (56421 4.1.7), or with pages the extended one that hands out certificates at data, too (4.1.8). 0: done;
 * ERR_BUSY: not now, or the event is malformed for the host; ERR_OVERFLOW: *detail pages are needed; ERR_HOST: refused,
 * *detail is what the host said.
 */
int ghcb_guest_request(uint64_t request, uint64_t response, uint64_t data, uint64_t pages, uint64_t *detail) __must_check;

/* Registers the page with the host. ERR_HOST: refused. */
int ghcb_register(uint64_t gpa) __must_check;

/* Writes bytes to an I/O port with as few events as possible. */
void ghcb_port_write(uint16_t port, const char *text, size_t length);

/* Page state change of [start, start + size); operation PSC_OP_*. ERR_HOST: not all was done. */
int ghcb_page_state_change(uint64_t start, uint64_t size, uint64_t operation) __must_check;

/* The same for one page by MSR, for the time before there is a GHCB page. */
int ghcb_page_state_change_early(uint64_t gpa, uint64_t operation) __must_check;

#endif
