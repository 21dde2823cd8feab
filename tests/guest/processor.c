/* SPDX-License-Identifier: MIT */
#include "tests/guest/processor.h"

#include "abi/ghcb.h"
#include "abi/snp.h"
#include "lib/string.h"
#include "tests/guest/cpu.h"
#include "tests/guest/ghcb.h"
#include "tests/guest/machine.h"
#include "tests/guest/svsm.h"
#include "tests/guest/test.h"

#define STACK_SIZE 16384u
#define CODE_ATTRIBUTES 0xA9Bu
#define DATA_ATTRIBUTES 0xC93u
#define LDT_ATTRIBUTES 0x82u
#define TSS_ATTRIBUTES 0x8Bu
#define DELETE_TRIES 100000u

struct descriptor_pointer {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

static uint8_t stacks[PROCESSORS_MAX][STACK_SIZE] __attribute__((aligned(16)));

static void fill_segments(struct vmsa *area)
{
	struct descriptor_pointer gdt, idt;
	uint16_t cs, ss;

	__asm__ volatile("sgdt %0; sidt %1" : "=m"(gdt), "=m"(idt));
	__asm__ volatile("mov %%cs, %0; mov %%ss, %1" : "=r"(cs), "=r"(ss));
	area->cs = (struct vmsa_segment){ cs, CODE_ATTRIBUTES, 0xFFFFFFFF, 0 };
	area->ss = area->ds = area->es = (struct vmsa_segment){ ss, DATA_ATTRIBUTES, 0xFFFFFFFF, 0 };
	area->tr = (struct vmsa_segment){ 0, TSS_ATTRIBUTES, 0xFFFF, 0 };
	area->ldtr = (struct vmsa_segment){ 0, LDT_ATTRIBUTES, 0xFFFF, 0 };
	area->gdtr = (struct vmsa_segment){ .limit = gdt.limit, .base = gdt.base };
	area->idtr = (struct vmsa_segment){ .limit = idt.limit, .base = idt.base };
}

/* The same long mode and page tables as here. */
static void fill_area(struct vmsa *area, uint32_t apic_id, uint64_t main, uint64_t argument)
{
	memset(area, 0, sizeof(*area));
	fill_segments(area);
	area->vmpl = MACHINE_SECRETS->svsm_guest_vmpl;
	area->sev_features = SEV_FEATURE_SNP_ACTIVE;
	area->efer = EFER_SVME | EFER_LME | EFER_LMA | EFER_NXE;
	__asm__ volatile("mov %%cr0, %0" : "=r"(area->cr0));
	__asm__ volatile("mov %%cr3, %0" : "=r"(area->cr3));
	area->cr4 = cpu_read_cr4();
	area->rip = main;
	area->rdi = argument;
	area->rsp = (uint64_t)(uintptr_t)stacks[apic_id] + STACK_SIZE - sizeof(uint64_t);
	area->rflags = 2;
	area->dr6 = 0xFFFF0FF0;
	area->dr7 = 0x400;
	area->g_pat = 0x0007040600070406ull;
	area->xcr0 = 1;
	area->mxcsr = 0x1F80;
	area->x87_fcw = 0x37F;
	area->x87_ftw = 0x5555;
}

static bool start(struct processor *processor, uint32_t apic_id, uint64_t main, uint64_t argument)
{
	uint64_t block = block_take(false), result;

	*processor = (struct processor){ block, block + PAGE_SIZE, block + 2 * PAGE_SIZE, apic_id };
	page_give(processor->vmsa);
	page_give(processor->caa);
	fill_area((struct vmsa *)(uintptr_t)processor->vmsa, apic_id, main, argument);
	result = svsm_core(SVSM_CORE_CREATE_VCPU, processor->vmsa, processor->caa, apic_id);
	if (result != SVSM_SUCCESS) {
		CHECK_EQ(result, SVSM_ERR_INVALID_PARAMETER);
		block_return(block);
		return false;
	}
	CHECK_EQ(ghcb_processor(apic_id, processor->vmsa, AP_CREATE), 0);
	return true;
}

bool processor_start(struct processor *processor, void (*main)(void))
{
	return start(processor, PROCESSOR_APIC_ID, (uint64_t)(uintptr_t)main, 0);
}

bool processor_start_one(struct processor *processor, uint32_t apic_id, void (*main)(uint64_t), uint64_t argument)
{
	return start(processor, apic_id, (uint64_t)(uintptr_t)main, argument);
}

void processor_stop(struct processor *processor)
{
	uint64_t result = SVSM_ERR_BUSY;

	CHECK_EQ(ghcb_processor(processor->apic_id, processor->vmsa, AP_DESTROY), 0);
	for (uint32_t i = 0; i < DELETE_TRIES && (result == SVSM_ERR_BUSY || result == SVSM_ERR_CORE_FAIL_INUSE); i++)
		result = svsm_core(SVSM_CORE_DELETE_VCPU, processor->vmsa, 0, 0);
	CHECK_EQ(result, SVSM_SUCCESS);
	block_return(processor->block);
}

uint64_t processor_call(uint64_t caa, struct registers *registers)
{
	struct svsm_caa *area = (struct svsm_caa *)(uintptr_t)caa;
	bool moves = registers->rax == SVSM_CORE_REMAP_CA;

	__atomic_store_n(&area->call_pending, 1, __ATOMIC_SEQ_CST);
	vmgexit(registers, GHCB_MSR_RUN_VMPL_REQ);
	/* A page that is no calling area any more can be another processor's save area by now. */
	if (moves && registers->rax == SVSM_SUCCESS && cpu_read_ghcb_msr() == GHCB_MSR_RUN_VMPL_RSP)
		return SVSM_SUCCESS;
	if (__atomic_exchange_n(&area->call_pending, 0, __ATOMIC_SEQ_CST) != 0 ||
	    cpu_read_ghcb_msr() != GHCB_MSR_RUN_VMPL_RSP)
		return ~0ull;
	return registers->rax;
}
