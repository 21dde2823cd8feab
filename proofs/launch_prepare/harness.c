/* SPDX-License-Identifier: MIT */
/* The steps of a launch and of a reset, their order, and the first vCPU: a step that fails ends the VM before the guest runs. */
#include "proofs/prover.h"

#define RANGES 3u
#include "proofs/launch.h"

static struct policy_page policy;
static struct vmsa area, template;
static struct snp_cpuid_page cpuid;
static struct snp_secrets_page secrets;
static struct memory_map map;
static struct launch_inputs inputs = { .block = &block, .policy = &policy, .guest_vmsa = &template, .cpuid = &cpuid, .secrets = &secrets, .map = &map };
#define FRAME 0x30000ull /* of the save area, offset in the region */

static void any_block(void)
{
	block.range_count = any_u8() % (LAUNCH_RANGE_MAX + 1u);
	for (uint32_t i = 0; i < LAUNCH_RANGE_MAX; i++)
		block.range[i] = (struct launch_range){ (uint64_t)any_u32() * PAGE_SIZE, (1u + (uint64_t)any_u16()) * PAGE_SIZE, any_u8() % 8u, any_u32() };
	block.flags = any_u32();
	block.cbit_size = any_u64();
	guest_plane = 1u + any_u8() % 3u;
	failed = false;
}

/* The first range of a kind. NULL: none. */
static const struct launch_range *named(uint32_t kind)
{
	for (uint32_t i = 0; i < LAUNCH_RANGE_MAX; i++) {
		if (i < block.range_count && block.range[i].kind == kind)
			return &block.range[i];
	}
	return NULL;
}

/* ---- the order of steps ---- */

static bool ranges_given, secrets_filled, cpuid_filled, madt_filled, c_bit_set, map_written, count_written, vcpu_made;
static uint32_t rests;

static void step(const struct launch_inputs *of, bool *done)
{
	PROVE(of == &inputs && ranges_given && rests == ((block.flags & LAUNCH_FLAG_VALIDATE_ALL) != 0 ? map.count : 0),
	      "the guest has its memory before anything is written to it");
	PROVE(!*done && !vcpu_made, "each step is done once, and before there is a vCPU");
	*done = true;
}

void stub_give_ranges(const struct launch_inputs *of)
{
	PROVE(of == &inputs && !ranges_given && rests == 0, "the image's pages are given first");
	ranges_given = true;
}

void stub_give_rest(uint64_t start, uint64_t end)
{
	PROVE(ranges_given && !secrets_filled, "the rest is given after the image's pages, and before it is written to");
	PROVE(rests < map.count && start == map.range[rests].start && end == map.range[rests].end, "each range of RAM, once");
	rests++;
}

void stub_fill_secrets(const struct launch_inputs *of) { step(of, &secrets_filled); }
void stub_fill_cpuid(const struct launch_inputs *of) { step(of, &cpuid_filled); }
void stub_fill_madt(const struct launch_inputs *of) { step(of, &madt_filled); }
void stub_write_map(const struct launch_inputs *of) { step(of, &map_written); }
void stub_write_vp_count(const struct launch_inputs *of) { step(of, &count_written); }

void stub_set_c_bit(const struct launch_block *of)
{
	PROVE(of == &block, "of this image");
	step(&inputs, &c_bit_set);
}

/* The calling area has a place: fill_secrets() has looked. */
void stub_make_first_vcpu(const struct launch_inputs *of)
{
	PROVE(secrets_filled && cpuid_filled && madt_filled && c_bit_set && map_written && count_written, "the vCPU is the last step");
	step(of, &vcpu_made);
}

void prove_steps(void)
{
	any_block();
	map.count = any_u8() % 4u;
	ranges_given = secrets_filled = cpuid_filled = madt_filled = c_bit_set = map_written = count_written = vcpu_made = false;
	rests = 0;
	for (uint32_t i = 0; i < 3; i++)
		map.range[i] = (struct page_range){ any_u64(), any_u64() };
	prepare(&inputs);
	PROVE(vcpu_made, "all steps are done");
	if (rests == 3)
		CANARY("all RAM is given");
	if (rests == 0)
		CANARY("only what the image needs");
}

/* ---- the first start and the next ---- */

static bool saved;
static uint32_t prepared;

void pristine_save(const struct launch_block *of, struct memory_map *from)
{
	PROVE(of == &block && from == &map && prepared == 0 && !saved, "the copy is made before the guest has the pages");
	saved = true;
}

void stub_prepare(const struct launch_inputs *of)
{
	PROVE(guest_plane == policy.guest_vmpl && saved, "the guest's level is the measured policy's");
	PROVE(of->block == &block && of->policy == &policy && of->guest_vmsa == &template && of->cpuid == &cpuid && of->map == &map &&
	      of->madt == inputs.madt && of->madt_length == inputs.madt_length, "each start is from the same inputs");
	PROVE(again == (prepared != 0) && IMPLIES(!again, of->secrets == &secrets), "a reset is known as one");
	PROVE(IMPLIES(again, of->secrets == NULL), "the secrets page is gone by then");
	prepared++;
}

void prove_starts(void)
{
	any_block();
	policy.guest_vmpl = any_u32();
	inputs.madt_length = any_u32();
	saved = again = false;
	prepared = 0;
	launch_prepare(&inputs);
	PROVE(prepared == 1, "the guest is prepared");
	CANARY("started");
	launch_again();
	PROVE(prepared == 2, "and again");
	CANARY("started again");
}

/* ---- numbers of messages ---- */

static uint32_t read_number[4];
static bool was_read;

int guest_read(gpa_t address, void *out, uint64_t size)
{
	PROVE(named(LAUNCH_RANGE_SECRETS) != NULL && address.v == named(LAUNCH_RANGE_SECRETS)->gpa + 0xA0 && size == 16, "the four numbers of the guest's page");
	was_read = any_bool();
	if (!was_read)
		return any_bool() ? ERR_ADDRESS : ERR_FAULT;
	for (uint32_t i = 0; i < 4; i++)
		((uint32_t *)out)[i] = read_number[i] = any_u32();
	return 0;
}

void prove_numbers(void)
{
	uint32_t level = any_u8() % 4u, before, key = any_u8() % SNP_VMPCK_SIZE;
	struct snp_secrets_page *page = &guest_secrets;

	any_block();
	kept = inputs;
	was_read = false;
	__CPROVER_havoc_object(&guest_secrets);
	before = guest_secrets.msg_seqno[level];
	page->vmpck[level][key] = (uint8_t)key;
	page->svsm_caa = FRAME;
	page->svsm_guest_vmpl = (uint8_t)guest_plane;
	launch_keep_numbers();
	PROVE(guest_secrets.msg_seqno[level] == (was_read && level >= guest_plane ? read_number[level] : before),
	      "the guest's numbers are kept, those of the levels above it are not its to change");
	PROVE(page->vmpck[level][key] == key && page->svsm_caa == FRAME && page->svsm_guest_vmpl == guest_plane, "no key and nothing of the monitor's is taken from the guest");
	if (was_read)
		CANARY("kept");
	else
		CANARY("not to be read");
}

/* ---- the first vCPU ---- */

static struct vcpu vcpu;
static uint64_t features;
static uint32_t allocated, claimed, settled, labelled, registered, starts;

struct vcpu *vcpu_by_index(uint32_t index)
{
	PROVE(index == 0, "the first");
	return &vcpu;
}

uint64_t platform_guest_features(void) { return features; }

int memory_allocate(uint64_t count, pa_t *out)
{
	PROVE(count == 1 && allocated == 0, "one frame, and never a second");
	allocated++;
	*out = pa(paging_region_gpa + FRAME);
	return may_fail();
}

void *paging_region_pointer(pa_t address)
{
	PROVE(allocated == 1 && address.v == paging_region_gpa + FRAME, "the frame of the save area");
	return &area;
}

int page_state_claim(struct page_state_map *pages, gpa_t address, bool size_2m, enum page_state from, enum page_state *found)
{
	PROVE(pages == &memory_pages && !size_2m && from == PAGE_VALIDATED && claimed == starts, "a page of the guest's own memory");
	PROVE(address.v == named(LAUNCH_RANGE_CAA)->gpa, "the calling area is where the image names it");
	claimed++;
	*found = any_u8() % PAGE_MIXED;
	return may_fail();
}

void page_state_settle(struct page_state_map *pages, gpa_t address, bool size_2m, enum page_state to)
{
	PROVE(!failed && pages == &memory_pages && !size_2m && claimed == starts + 1 && settled == starts && to == PAGE_CAA &&
	      address.v == named(LAUNCH_RANGE_CAA)->gpa, "what was claimed is a calling area");
	settled++;
}

static bool is_as_measured(const struct vmsa *to, const struct vmsa *from)
{
	return to->cs.selector == from->cs.selector && to->cs.attrib == from->cs.attrib && to->cs.base == from->cs.base && to->cr0 == from->cr0 &&
	       to->cr4 == from->cr4 && to->rip == from->rip && to->rsp == from->rsp && to->rflags == from->rflags && to->rsi == from->rsi &&
	       to->cpl == from->cpl && to->xcr0 == from->xcr0 && to->virtual_tom == from->virtual_tom && to->vintr_ctrl == from->vintr_ctrl;
}

/* From here on the save area can be run. */
int platform_page_label(va_t address, bool size_2m, uint32_t plane, enum platform_label label)
{
	PROVE(!failed && settled == starts + 1 && labelled == starts, "the calling area comes first");
	PROVE(address.v == MONITOR_VA + FRAME && !size_2m && plane == guest_plane && label == LABEL_OWN_VMSA, "a save area of the guest's level, that the guest does not reach");
	PROVE(area.vmpl == guest_plane && area.sev_features == features && area.efer == (template.efer | 1u << 12), "it runs at the guest's level, with its features");
	PROVE(area.cr3 == (block.cbit_size != 0 ? template.cr3 | paging_c_bit : template.cr3), "its page tables are private");
	PROVE(is_as_measured(&area, &template), "the rest is as it was measured");
	labelled++;
	return may_fail();
}

int platform_plane_register(uint32_t apic_id, uint32_t plane, gpa_t vmsa)
{
	PROVE(!failed && labelled == starts + 1 && registered == starts, "the host learns of it last");
	PROVE(apic_id == vcpu.apic_id && plane == guest_plane && vmsa.v == paging_region_gpa + FRAME, "this vCPU's save area");
	registered++;
	return may_fail();
}

/* At the first start and after a reset. */
void prove_first_vcpu(void)
{
	any_block();
	ASSUME(named(LAUNCH_RANGE_CAA) != NULL); /* fill_secrets() has ended the VM otherwise */
	__CPROVER_havoc_object(&template);
	__CPROVER_havoc_object(&area);
	features = any_u64();
	vcpu.apic_id = any_u32();
	paging_c_bit = 1ull << (32u + any_u8() % 32u);
	paging_region_gpa = (uint64_t)any_u16() * PAGE_SIZE_2M;
	allocated = claimed = settled = labelled = registered = 0;
	again = false;
	for (starts = 0; starts < 2; starts++) {
		make_first_vcpu(&inputs);
		PROVE(!failed && registered == starts + 1, "no error is ignored");
		PROVE(vcpu.vmsa == &area && vcpu.own_area == &area && vcpu.vmsa_gpa.v == paging_region_gpa + FRAME &&
		      vcpu.caa.v == named(LAUNCH_RANGE_CAA)->gpa, "the vCPU has its areas");
		again = true;
		if (starts == 0)
			CANARY("at the first start");
		else
			CANARY("after a reset");
	}
}
