/* SPDX-License-Identifier: MIT */
/*
 * protocol.h - the guest's door: calls by protocol and number (58019).
 *
 * A handler works on a copy of the call registers and returns the result code for RAX. It changes RCX, RDX and R8 only
 * when the call defines them as results and succeeds; an attestation also when it says which sizes it needs. Unused input registers hold garbage and are not looked at.
 */
#ifndef KERNEL_PROTOCOL_PROTOCOL_H
#define KERNEL_PROTOCOL_PROTOCOL_H

#include "kernel/guest/vcpu.h"

/* Core protocol, version 1 (core.c). */
uint64_t protocol_core(struct vcpu *vcpu, uint32_t number, struct vcpu_call *call);

/* Highest and lowest version of a protocol that is offered; false when it is not. */
bool protocol_versions(uint32_t protocol, uint32_t *minimum, uint32_t *maximum);

/* PVALIDATE (pvalidate.c): RCX is the address of the list. */
uint64_t protocol_core_pvalidate(gpa_t request);

/* vTPM protocol, version 1 (vtpm.c). */
uint64_t protocol_vtpm(uint32_t number, struct vcpu_call *call);

/*
 * Attestation protocol, version 1 (attest.c). It is offered while the security processor's mailbox is open. Sizes are in
 * RCX (manifest), RDX (certificates), R8 (report), on success and when a buffer is too small (INVALID_PARAMETER then).
 */
uint64_t protocol_attest(uint32_t number, struct vcpu_call *call);
bool protocol_attest_offered(void);
/* Memory for it; before the guest starts. */
void protocol_attest_init(void);

/* Private protocols of test images, from PROTOCOL_TEST_FIRST on (test.c): any service behind a door, called by hand. */
#define PROTOCOL_TEST_FIRST 0x70000000u
#define PROTOCOL_TEST_MEMORY 0x7FFFFFFEu /* no service: RCX becomes the bytes of the monitor's region in use */
uint64_t protocol_test(const struct vcpu *vcpu, uint32_t protocol, struct vcpu_call *call);
/* The monitor's own counters: RCX says which (TEST_MONITOR_* of abi/service.h), RDX which of them; RCX is the value. */
#define PROTOCOL_TEST_MONITOR 0x70FFFFFFu
/* Allows them: the image carries a test payload. */
extern bool protocol_test_enabled;

/*
 * Leaves a pattern (abi/nutshell.h) in memory that must stay the monitor's: a frame in use, frames that are free again, the
 * stack. For images with a test payload, before anything is shared; the machine of the tests looks for it elsewhere.
 */
void protocol_test_plant(void);

/* Result code for an error of the rooms below, where the protocol has no more special one. */
uint64_t protocol_result(int error);

#endif
