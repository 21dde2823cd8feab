/* SPDX-License-Identifier: MIT */
/*
 * The host's answers in the GHCB: anything after each exit. The checker has one thread, so the host does not write between two
 * reads; that each field is read once is tested (tests/hostile, double fetches).
 */
#include "proofs/prover.h"

#include "kernel/platform/snp/ghcb.h"
#include "kernel/x86/percpu.h"

static struct ghcb the_ghcb;
static struct percpu cpu = { .ghcb = &the_ghcb, .ghcb_gpa = 0x1000 };

struct percpu *percpu_self(void) { return &cpu; }

/* ---- instructions: kernel/x86/cpu.h is assembly ---- */
#define KERNEL_X86_CPU_H
static uint32_t exits;
static inline void cpu_write_msr(uint32_t msr, uint64_t value) { }
static inline uint64_t cpu_read_msr(uint32_t msr) { return any_u64(); }
static inline void cpu_vmgexit(void) { exits++; __CPROVER_havoc_object(&the_ghcb); }

#include "kernel/platform/snp/ghcb.c"

void prove_call(void)
{
	struct ghcb_event event;
	uint64_t info = 7;
	int error = ghcb_call(&event, any_bool() ? &info : NULL);

	PROVE(error == 0 || error == ERR_HOST, "done, or the host's fault");
	PROVE(exits == 1, "one exit");
	PROVE(IMPLIES(error != 0, info == 7), "a refusal leaves the result alone");
	if (error == 0)
		CANARY("done");
	else
		CANARY("refused");
}

void prove_register(void)
{
	uint64_t gpa = any_u64() & ~0xFFFull;
	int error = ghcb_register(gpa);

	PROVE(error == 0 || error == ERR_HOST, "done, or the host's fault");
	error = ghcb_page_state_change_early(gpa & 0x000FFFFFFFFFF000ull, 1);
	PROVE(error == 0 || error == ERR_HOST, "done, or the host's fault");
	CANARY("asked");
}

static struct psc_desc list;

void prove_fill_psc(void)
{
	uint64_t start = any_u64() & ~PAGE_MASK, end = any_u64() & ~PAGE_MASK, at = start;

	/* A run of few steps: the loop is the same for each. */
	ASSUME(start < end && end - start <= 3 * PAGE_SIZE_2M && end <= 1ull << 52);
	ASSUME((start & PAGE_MASK_2M) == 0 && (end & PAGE_MASK_2M) <= 2 * PAGE_SIZE);
	uint32_t count = fill_psc(&list, &at, end, 1);

	PROVE(at == end && count >= 1 && count <= PSC_ENTRY_MAX, "all of it is in the list");
	PROVE(list.header.cur_entry == 0 && list.header.end_entry == count - 1, "the header names the entries");
	CANARY("filled");
}
