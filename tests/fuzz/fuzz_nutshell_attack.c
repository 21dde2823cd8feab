/* SPDX-License-Identifier: MIT */
/* Scripts of attacks by the host. */
#include <stdlib.h>

#include "nutshell/host/attack.h"
#include "tests/mock/nutshell.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct attack_rule *rule)
{
	if (rule->step == STEP_NONE || rule->step >= STEP_COUNT || rule->action >= ACTION_COUNT ||
	    rule->address.base >= BASE_COUNT || rule->first == 0 || rule->first > rule->last)
		abort();
	if ((rule->action == ACTION_SAVE || rule->action == ACTION_PUT) && rule->number[0] >= ATTACK_SLOTS)
		abort();
	if ((rule->action == ACTION_ENTER || rule->action == ACTION_RUN_AREA) && rule->number[0] >= SNP_VMPL_COUNT)
		abort();
	if (rule->action == ACTION_GHCB && rule->number[0] > PAGE_SIZE - 8u)
		abort();
}

/* A script that parses does what it says without reaching what is Nutshell's. */
static void run(const char *text, size_t size)
{
	struct vcpu *vcpu = &machine_vcpu[0];

	if (MOCK_STOPS()) {
		attack_enabled = false;
		return;
	}
	attack_init(text, size);
	attack_at_launch();
	attack_at_mark(vcpu, 1, 0x5000);
	(void)mock_event(SVM_EXIT_IOIO, 0x3F8u << 16 | GHCB_IOIO_SIZE_8, 0);
	vcpu->vmpl = MOCK_VMPL;
	vcpu->level[MOCK_VMPL].ghcb_msr = GHCB_MSR_FEATURES_REQ;
	host_vmgexit(vcpu);
	vcpu->vmpl = MOCK_VMPL;
	(void)attack_before_fault(vcpu);
	vcpu->vmpl = 0;
	for (uint64_t at = 0x5000; at < 0x5010; at += 4) {
		host_watched_access(vcpu, at, false);
		host_watched_access(vcpu, at, false);
	}
	attack_enabled = false;
	mock_armed = false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct attack_script script;
	const char *why;
	uint32_t line = attack_parse(&script, (const char *)data, size, &why);

	if ((line != 0) != (why != NULL) || script.count > ATTACK_RULES_MAX)
		abort();
	for (uint32_t i = 0; i < script.count; i++)
		check(&script.rule[i]);
	if (line == 0 && script.count != 0) {
		mock_restart();
		run((const char *)data, size);
		if (mock_trespass)
			abort();
	}
	return 0;
}
