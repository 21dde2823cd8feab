/* SPDX-License-Identifier: MIT */
/*
 * ghcb.h - talking to the host: MSR protocol, GHCB page, and the page state changes, ports and MSRs behind it.
 *
 * Answers of the host are not trusted further than a test needs: wrong ones end the payload.
 */
#ifndef GUEST_GHCB_H
#define GUEST_GHCB_H

#include <stddef.h>
#include <stdint.h>

#include "lib/types.h"
#include "tests/guest/access.h"

/* Host's answers before the page exists; for the tests of the environment. */
extern uint64_t ghcb_sev_info, ghcb_features;

/* Negotiates, makes the page shared with the monitor's help, registers it. Ends the VM when that fails. */
void ghcb_init(void);
/* Address of the page. */
uint64_t ghcb_gpa(void);

/* A request by MSR protocol; the answer. */
uint64_t ghcb_msr_call(uint64_t request);
/* Fills the page for an event; the caller adds registers and exits with vmgexit(..., ghcb_gpa()). */
void ghcb_prepare(uint64_t code, uint64_t info_1, uint64_t info_2);
/* SW_EXITINFO1[31:0] that the host left, GHCB_STATUS_*. */
uint32_t ghcb_status(void);

/* COM1. */
void ghcb_console(const char *text, size_t length);
uint32_t ghcb_port_in(uint16_t port);
void ghcb_port_out(uint16_t port, uint32_t value);
/* One byte. */
void ghcb_port_out_8(uint16_t port, uint8_t value);
/* 0, or ERR_HOST when the host wants an exception raised. */
int ghcb_msr_access(uint32_t index, bool write, uint64_t *value) __must_check;
int ghcb_timestamp(uint64_t *value) __must_check;
/* PSC_OP_* for count pages (or 2 MiB blocks); ERR_HOST when the host refuses. */
int ghcb_page_state(uint64_t gpa, uint32_t count, uint32_t operation, bool size_2m) __must_check;
/* Ends the VM by MSR protocol: for failures before there is a console. */
void ghcb_terminate(uint8_t reason) __noreturn;

/* AP creation: request is AP_CREATE or AP_DESTROY. ERR_HOST: refused. */
int ghcb_processor(uint32_t apic_id, uint64_t vmsa, uint32_t request) __must_check;

#endif
