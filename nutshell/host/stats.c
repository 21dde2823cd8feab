/* SPDX-License-Identifier: MIT */
/*
 * Counters. An exit is what real hardware would give to the hypervisor; work that only the emulation has (register
 * accesses, instructions, #VC delivery, filling nested page tables) is not an exit.
 */
#include "lib/format.h"
#include "nutshell/asm.h"
#include "nutshell/host/host.h"

#define KIND_MAX 48u
#define STAY_BUCKETS 32u /* [0]: below 1 us; [i]: from 2^(i-1) to below 2^i us; the last: and all above */
#define US_PER_MS 1000u

struct counter {
	uint64_t kind;
	uint64_t count;
};

struct counters {
	struct counter counter[KIND_MAX];
};

static struct counters exits[SNP_VMPL_COUNT], events[SNP_VMPL_COUNT], msr_calls[SNP_VMPL_COUNT];
static uint64_t stays[STAY_BUCKETS], stay_total, stay_longest;
static uint64_t exit_total[SNP_VMPL_COUNT], switches, rmp_operations[STATS_RMP_KINDS];
static uint8_t digest[SNP_DIGEST_SIZE];
static uint64_t digest_pages;

struct name {
	uint64_t kind;
	const char *text;
};

static const struct name names[] = {
	{ SVM_EXIT_INTR, "interrupt" },
	{ SVM_EXIT_NMI, "NMI" },
	{ SVM_EXIT_NPF, "page fault to the host" },
	{ SVM_EXIT_VMGEXIT, "VMGEXIT" },
	{ SVM_EXIT_SHUTDOWN, "shutdown" },
	{ SVM_EXIT_CPUID, "CPUID" },
	{ SVM_EXIT_IOIO, "port I/O" },
	{ SVM_EXIT_HLT, "HLT of VMPL0" },
	{ SVM_EXIT_MSR, "MSR" },
	{ SVM_EXIT_RDTSC, "RDTSC" },
	{ SVM_EXIT_RDTSCP, "RDTSCP" },
	{ SVM_EXIT_RDPMC, "RDPMC" },
	{ SVM_EXIT_INVD, "INVD" },
	{ SVM_EXIT_MONITOR, "MONITOR" },
	{ SVM_EXIT_MWAIT, "MWAIT" },
	{ SVM_EXIT_WBINVD, "WBINVD" },
	{ SVM_EXIT_READ_DR7, "read DR7" },
	{ SVM_EXIT_WRITE_DR7, "write DR7" },
	{ SVM_EXIT_VMMCALL, "VMMCALL" },
	{ GHCB_EXIT_MMIO_READ, "MMIO read" },
	{ GHCB_EXIT_MMIO_WRITE, "MMIO write" },
	{ GHCB_EXIT_NMI_COMPLETE, "NMI complete" },
	{ GHCB_EXIT_AP_RESET_HOLD, "AP reset hold" },
	{ GHCB_EXIT_PSC, "page state change" },
	{ GHCB_EXIT_GUEST_REQUEST, "guest request" },
	{ GHCB_EXIT_EXTENDED_GUEST_REQUEST, "extended guest request" },
	{ GHCB_EXIT_AP_CREATION, "AP creation" },
	{ GHCB_EXIT_GET_APIC_IDS, "APIC ids" },
	{ GHCB_EXIT_RUN_VMPL, "run VMPL" },
	{ GHCB_EXIT_FEATURES, "features" },
	{ GHCB_EXIT_TERMINATE, "terminate" },
	{ GHCB_EXIT_UNSUPPORTED, "unsupported exit" },
	{ GHCB_MSR_SEV_INFO_REQ, "SEV info" },
	{ GHCB_MSR_CPUID_REQ, "CPUID" },
	{ GHCB_MSR_PREFERRED_REQ, "preferred GHCB" },
	{ GHCB_MSR_REGISTER_REQ, "register GHCB" },
	{ GHCB_MSR_PSC_REQ, "page state change" },
	{ GHCB_MSR_RUN_VMPL_REQ, "run VMPL" },
	{ GHCB_MSR_FEATURES_REQ, "features" },
	{ GHCB_MSR_TERMINATE, "terminate" },
};

static void count(struct counters *counters, uint64_t kind)
{
	for (uint32_t i = 0; i < KIND_MAX; i++) {
		struct counter *counter = &counters->counter[i];

		if (counter->count == 0)
			counter->kind = kind;
		if (counter->kind == kind) {
			counter->count++;
			return;
		}
	}
}

void stats_exit(uint32_t vmpl, uint64_t exit_code)
{
	exit_total[vmpl]++;
	count(&exits[vmpl], exit_code);
}

void stats_nae(uint32_t vmpl, uint64_t event)
{
	count(&events[vmpl], event);
}

void stats_msr_protocol(uint32_t vmpl, uint32_t code)
{
	count(&msr_calls[vmpl], code);
}

void stats_switch(void)
{
	switches++;
}

void stats_rmp(enum stats_rmp kind)
{
	rmp_operations[kind]++;
}

void stats_stay(uint64_t ticks)
{
	uint64_t per_ms = machine_ticks_per_ms();
	uint64_t us = ticks / per_ms * US_PER_MS + ticks % per_ms * US_PER_MS / per_ms;
	uint32_t bucket = 0;

	for (uint64_t rest = us; rest != 0 && bucket < STAY_BUCKETS - 1u; rest >>= 1)
		bucket++;
	stays[bucket]++;
	stay_total++;
	stay_longest = us > stay_longest ? us : stay_longest;
}

uint64_t stats_stays(uint32_t bucket)
{
	return stays[bucket];
}

uint64_t stats_longest_stay(void)
{
	return stay_longest;
}

uint32_t stats_exits_total(void)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < SNP_VMPL_COUNT; i++)
		total += exit_total[i];
	return (uint32_t)total;
}

uint32_t stats_exits_of(uint32_t vmpl)
{
	return (uint32_t)exit_total[vmpl];
}

uint32_t stats_switches(void)
{
	return (uint32_t)switches;
}

void stats_set_digest(const uint8_t value[SNP_DIGEST_SIZE], uint64_t pages)
{
	for (uint32_t i = 0; i < SNP_DIGEST_SIZE; i++)
		digest[i] = value[i];
	digest_pages = pages;
}

static const char *name_of(uint64_t kind)
{
	for (uint32_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (names[i].kind == kind)
			return names[i].text;
	}
	return "other";
}

static void print_counters(const char *what, uint32_t vmpl, const struct counters *counters)
{
	for (uint32_t i = 0; i < KIND_MAX && counters->counter[i].count != 0; i++)
		machine_log("stats: VMPL%u %-8s %-24s %10llu  (0x%llx)", vmpl, what,
			    name_of(counters->counter[i].kind), (unsigned long long)counters->counter[i].count,
			    (unsigned long long)counters->counter[i].kind);
}

/* From the first bucket that holds any to the last; those between are shown when they are empty, too. */
static void print_stays(void)
{
	uint32_t first = 0, end = STAY_BUCKETS;

	machine_log("stats: stays at VMPL0 %llu, the longest %llu us", (unsigned long long)stay_total,
		    (unsigned long long)stay_longest);
	while (first < STAY_BUCKETS && stays[first] == 0)
		first++;
	while (end > first && stays[end - 1u] == 0)
		end--;
	for (uint32_t i = first; i < end; i++)
		machine_log("stats: stay at VMPL0 below %10llu us %10llu", 1ull << i, (unsigned long long)stays[i]);
}

void stats_print(void)
{
	char text[SNP_DIGEST_SIZE * 2 + 1];

	for (uint32_t i = 0; i < SNP_VMPL_COUNT; i++) {
		print_counters("exit", i, &exits[i]);
		print_counters("event", i, &events[i]);
		print_counters("MSR call", i, &msr_calls[i]);
	}
	machine_log("stats: exits %u, switches between levels %u", stats_exits_total(), stats_switches());
	print_stays();
	machine_log("stats: RMPUPDATE %llu, PSMASH %llu, PVALIDATE %llu, RMPADJUST %llu, RMPQUERY %llu",
		    (unsigned long long)rmp_operations[STATS_RMP_UPDATE],
		    (unsigned long long)rmp_operations[STATS_RMP_PSMASH],
		    (unsigned long long)rmp_operations[STATS_PVALIDATE],
		    (unsigned long long)rmp_operations[STATS_RMPADJUST],
		    (unsigned long long)rmp_operations[STATS_RMPQUERY]);
	for (uint32_t i = 0; i < SNP_DIGEST_SIZE; i++)
		(void)format_text(text + i * 2ull, 3, "%02x", digest[i]);
	machine_log("stats: launch digest %s over %llu pages", text, (unsigned long long)digest_pages);
}
