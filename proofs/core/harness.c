/* SPDX-License-Identifier: MIT */
/* The Core protocol's calls: which error becomes which code, and that a call that fails leaves its registers alone. */
#include "proofs/prover.h"

#include "kernel/protocol/core.c"

static struct vcpu the_vcpu;
static int outcome;

static int any_outcome(void)
{
	outcome = any_int();
	ASSUME(outcome <= 0 && outcome >= ERR_INCOMPLETE);
	return outcome;
}

int vcpu_remap_caa(struct vcpu *vcpu, gpa_t caa)
{
	PROVE(vcpu == &the_vcpu, "a vCPU moves its own calling area only");
	return any_outcome();
}

int vcpu_create(uint32_t apic_id, gpa_t vmsa, gpa_t caa, uint64_t features)
{
	PROVE(features == 0x123, "a new vCPU has the guest's own features");
	return any_outcome();
}

int vcpu_delete(const struct vcpu *caller, gpa_t vmsa)
{
	PROVE(caller == &the_vcpu, "the caller is who it is");
	return any_outcome();
}

uint64_t platform_guest_features(void) { return 0x123; }
uint64_t protocol_core_pvalidate(gpa_t request) { return any_u64(); }
uint64_t protocol_result(int error) { return error == 0 ? SVSM_SUCCESS : SVSM_ERR_INVALID_REQUEST; }

bool protocol_versions(uint32_t protocol, uint32_t *minimum, uint32_t *maximum)
{
	*minimum = any_u32();
	*maximum = any_u32();
	ASSUME(*minimum <= *maximum && *minimum >= 1);
	return any_bool();
}

void prove_calls(void)
{
	struct vcpu_call call;
	uint32_t number = any_u32();
	struct vcpu_call before = call;
	uint64_t result = protocol_core(&the_vcpu, number, &call);

	PROVE(call.rax == before.rax && call.rdx == before.rdx && call.r8 == before.r8, "no register but RCX is a result");
	if (number != SVSM_CORE_QUERY_PROTOCOL && number != SVSM_CORE_CONFIGURE_VTOM)
		PROVE(call.rcx == before.rcx, "RCX is a result of two calls only");
	PROVE(IMPLIES(result != SVSM_SUCCESS, call.rcx == before.rcx), "a call that fails changes nothing");
	PROVE(IMPLIES(number == SVSM_CORE_DEPOSIT_MEM || number == SVSM_CORE_WITHDRAW_MEM || number > SVSM_CORE_CONFIGURE_VTOM,
		      result == SVSM_ERR_UNSUPPORTED_CALL), "what is not offered is refused");
	if (number == SVSM_CORE_CREATE_VCPU)
		PROVE((result == SVSM_SUCCESS) == (outcome == 0), "created or not");
	if (number == SVSM_CORE_DELETE_VCPU && result == SVSM_ERR_CORE_FAIL_INUSE)
		CANARY("in use");
	if (number == SVSM_CORE_QUERY_PROTOCOL && call.rcx != 0) {
		uint64_t version = before.rcx & 0xFFFFFFFFull;

		PROVE(version >= (call.rcx & 0xFFFFFFFFull) && version <= call.rcx >> 32, "the version asked for is between the limits");
		CANARY("offered");
	}
}
