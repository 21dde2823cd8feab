/* SPDX-License-Identifier: MIT */
/*
 * The monitor's start: in which order it goes about what, and that nothing is used before it was checked. Every step may
 * fail; the VM ends then. What the steps do is proved for themselves.
 */
#include "proofs/prover.h"

#define KERNEL_X86_CPU_H
#define LIB_WIPE_H
#include "lib/types.h"
static inline void cpu_pause(void) { }
static void wipe(void *memory, uint64_t size);

#include "kernel/boot/main.c"

uint64_t paging_c_bit, paging_region_gpa;
bool protocol_test_enabled;

static bool failed; /* a step */
static struct vcpu vcpu_of_test;
static uint32_t step, guards, windows;
static uint64_t guard[8], frames_at, frames_count;

/* One step after the other, none twice, none after a failure. */
static void next(uint32_t wanted)
{
	PROVE(step == wanted, "in this order");
	PROVE(!failed, "nothing goes on after a failure");
	step++;
}

static int may_fail(void)
{
	failed = any_bool();
	return failed ? any_bool() ? ERR_NO_MEMORY : ERR_HOST : 0;
}

void log_panic(uint8_t code, const char *format, ...)
{
	PROVE(failed && code != 0, "the VM ends only when a step has failed");
	ASSUME(false);
	for (;;)
		;
}

void platform_terminate(uint8_t code)
{
	PROVE(failed && code != 0, "the VM ends only when a step has failed");
	ASSUME(false);
	for (;;)
		;
}

void log_line(const char *format, ...) { }

/* ---- the order of all ---- */

enum { TRAPS, CPUID, SECRETS, MAP, MADT, PLATFORM, BLOCK, POLICY, FRAMES, FIRST, CHANNEL, CONSOLE, ACCEPT, WINDOWS, SCRATCH, PROCESSORS, RAM,
       PAGES, PLANT, USER, PSP, ATTEST, SERVICES, OTHERS, LAUNCH, FORGET_COPY, FORGET_PAGE, RUN, END };

static struct launch_block the_block;
static struct policy_page the_policy;
static uint8_t pages[LAUNCH_OFF_PAGE_TABLES / PAGE_SIZE];
static bool whole; /* all of the start is looked at */

void *stub_region(uint64_t offset)
{
	PROVE(offset < LAUNCH_OFF_PAGE_TABLES && (offset & PAGE_MASK) == 0, "a page of the launch");
	return offset == LAUNCH_OFF_BLOCK ? (void *)&the_block : offset == LAUNCH_OFF_POLICY ? (void *)&the_policy : (void *)&pages[offset / PAGE_SIZE];
}

/* Private copies: of each page what it is, all of it. */
void *memcpy(void *to, const void *from, size_t size)
{
	uint32_t which = to == &cpuid ? CPUID : to == &secrets ? SECRETS : to == host_map ? MAP : MADT;
	uint64_t offset = which == CPUID ? 0x2000 : which == SECRETS ? 0x3000 : which == MAP ? 0x5000 : 0x6000;

	next(which);
	PROVE(which != MADT || to == madt, "a copy of the monitor's");
	PROVE(size <= PAGE_SIZE && __CPROVER_OBJECT_SIZE(to) == size && from == &pages[offset / PAGE_SIZE], "of the page that it is of");
	return to;
}

void traps_init_cpu(struct percpu *cpu)
{
	if (whole)
		next(TRAPS);
	PROVE(cpu->index != 0 || cpu == &boot_cpu, "of this processor");
	for (uint32_t i = 0; i < 3; i++)
		PROVE(cpu->exception_stack[i].v % 16 == 0, "stacks are aligned");
}

void platform_early_init(const struct snp_cpuid_page *page)
{
	next(PLATFORM);
	PROVE(page == &cpuid, "with the private copy");
}

bool launch_block_check(const struct launch_block *block, uint64_t limit)
{
	next(BLOCK);
	PROVE(block == &the_block && limit == paging_c_bit, "the block of the image, below the C-bit");
	return may_fail() == 0;
}

const char *policy_check(const struct policy_page *policy)
{
	next(POLICY);
	PROVE(policy == &the_policy, "the policy of the image");
	if (may_fail() != 0)
		return "bad";
	ASSUME(policy->serial_port <= 0xFFF8);
	return NULL;
}

int memory_frames_init(uint64_t image_end, uint64_t free_end)
{
	next(FRAMES);
	PROVE(image_end == the_block.image_end && free_end == the_block.free_end, "as the block says");
	return may_fail();
}

int memory_first_frame(pa_t *out)
{
	next(FIRST);
	*out = pa(frames_at = any_u64());
	return may_fail();
}

int platform_cpu_init(struct percpu *cpu, pa_t page)
{
	next(CHANNEL);
	PROVE(cpu == &boot_cpu && page.v == frames_at, "the page that nobody has used");
	if ((the_policy.flags & POLICY_FLAG_CONSOLE) == 0)
		step++;
	return may_fail();
}

void log_enable_console(uint16_t port)
{
	next(CONSOLE);
	PROVE(port == the_policy.serial_port, "at the port of the policy");
}

int memory_accept_region(void)
{
	next(ACCEPT);
	return may_fail();
}

int memory_windows_init(struct percpu *cpu)
{
	if (whole)
		next(WINDOWS);
	windows++;
	return may_fail();
}

int memory_allocate(uint64_t count, pa_t *out)
{
	if (whole) {
		next(SCRATCH);
		PROVE(count == 1, "a page");
	}
	PROVE(!failed, "nothing goes on after a failure");
	if (count != 1) {
		*out = pa(paging_region_gpa + 16 * PAGE_SIZE);
		frames_at = paging_region_va(*out).v;
		frames_count = count;
	} else {
		*out = pa(paging_region_gpa + any_u8() * PAGE_SIZE);
	}
	return may_fail();
}

static uint8_t pointed[1];

void *paging_region_pointer(pa_t address)
{
	return pointed;
}

void memory_make_guard(va_t address)
{
	PROVE(guards < ARRAY_SIZE(guard) && (address.v & PAGE_MASK) == 0, "a page");
	guard[guards % ARRAY_SIZE(guard)] = address.v;
	guards++;
}

void stub_init_processors(void)
{
	next(PROCESSORS);
	PROVE(guards == 3, "exception stacks have guards");
	for (uint32_t i = 0; i < 3; i++)
		PROVE(guard[i] == (uint64_t)(uintptr_t)exception_stacks[i] && boot_cpu.exception_stack[i].v == guard[i] + 2 * PAGE_SIZE,
		      "below the page that the stack is");
	cpus.length = 7;
}

struct page_range launch_firmware(const struct launch_block *block)
{
	PROVE(block == &the_block, "of the image");
	return (struct page_range){ 3, 4 };
}

int memory_map_parse(struct memory_map *map, const struct igvm_memory_map_entry *entry, uint32_t count, uint64_t limit)
{
	next(RAM);
	PROVE(map == &memory && entry == host_map && count == ARRAY_SIZE(host_map) && limit == paging_c_bit, "the private copy, below the C-bit");
	return may_fail();
}

int memory_pages_init(struct memory_map *map, const struct page_range *firmware)
{
	next(PAGES);
	PROVE(map == &memory && firmware->start == 3 && firmware->end == 4, "RAM and the firmware");
	if ((the_block.flags & LAUNCH_FLAG_TEST) == 0)
		step++;
	return may_fail();
}

uint64_t memory_map_total(const struct memory_map *map) { return any_u64(); }
uint32_t vcpu_count(void) { return any_u32(); }
uint64_t memory_used(void) { return any_u64(); }
uint64_t memory_pages_size(void) { return any_u64(); }

void protocol_test_plant(void)
{
	next(PLANT);
}

void user_init_cpu(void)
{
	next(USER);
}

void psp_init(struct snp_secrets_page *page)
{
	next(PSP);
	PROVE(page == &secrets, "with the private copy");
}

void protocol_attest_init(void)
{
	next(ATTEST);
}

void services_start(const struct launch_block *block, const struct policy_page *policy, const struct snp_cpuid_page *page)
{
	next(SERVICES);
	PROVE(block == &the_block && policy == &the_policy && page == &cpuid, "what was checked");
}

void stub_start_processors(void)
{
	next(OTHERS);
}

void launch_prepare(const struct launch_inputs *inputs)
{
	next(LAUNCH);
	PROVE(inputs->block == &the_block && inputs->policy == &the_policy && inputs->guest_vmsa == (void *)&pages[1] && inputs->cpuid == &cpuid &&
		      inputs->secrets == &secrets && inputs->madt == madt && inputs->madt_length == 7 && inputs->map == &memory,
	      "what was checked, and private copies");
}

static void wipe(void *memory_of, uint64_t size)
{
	next(memory_of == &secrets ? FORGET_COPY : FORGET_PAGE);
	PROVE(size == PAGE_SIZE && (memory_of == &secrets || memory_of == &pages[3]), "both copies of the secrets, all of them");
}

void vcpu_run(struct vcpu *vcpu)
{
	next(RUN);
	PROVE(vcpu == boot_cpu.vcpu, "the first vCPU");
	PROVE(protocol_test_enabled == ((the_block.flags & LAUNCH_FLAG_TEST) != 0), "test protocols only in images for tests");
}

void prove_order(void)
{
	whole = true;
	__CPROVER_havoc_object(&the_block);
	__CPROVER_havoc_object(&the_policy);
	boot_cpu.vcpu = &vcpu_of_test;
	paging_region_gpa = any_u64();
	ASSUME(paging_region_gpa < LAUNCH_REGION_END);
	monitor_main();
	PROVE(step == END && !failed, "all of it, and no error is ignored");
	if ((the_block.flags & LAUNCH_FLAG_TEST) != 0)
		CANARY("a test");
	if ((the_policy.flags & POLICY_FLAG_CONSOLE) == 0)
		CANARY("without a console");
}

/* ---- processors ---- */

static bool flush_works;
static int madt_error;
static uint32_t madt_count, madt_first;

bool platform_flush_is_global(void)
{
	return flush_works;
}

int madt_parse(const uint8_t *table, size_t size, struct madt_cpus *out)
{
	PROVE(table == madt && size == sizeof(madt) && out == &cpus, "the private copy");
	__CPROVER_havoc_object(&cpus);
	madt_count = out->count = any_u32();
	madt_first = out->apic_id[0];
	madt_error = any_bool() ? 0 : any_bool() ? ERR_NOT_FOUND : ERR_FORMAT;
	ASSUME(madt_error != 0 || madt_count <= MADT_CPU_MAX);
	return madt_error;
}

int vcpu_table_init(const uint32_t *apic_id, uint32_t count)
{
	bool many = flush_works && madt_error == 0 && madt_count > 1;

	PROVE(apic_id == cpus.apic_id && count >= 1 && count <= PERCPU_MAX, "at least one, and no more than there is room for");
	PROVE(count == (many ? (madt_count < 8 ? madt_count : 8) : 1), "those of the table, when all can be made to forget a permission; else one");
	PROVE(apic_id[0] == (madt_error == 0 ? madt_first : 0) && IMPLIES(madt_error != 0, cpus.length == 0), "of a bad table nothing is used");
	return may_fail();
}

struct vcpu *vcpu_by_index(uint32_t index)
{
	return index == 0 ? &vcpu_of_test : NULL;
}

void prove_processors(void)
{
	flush_works = any_bool();
	init_processors();
	PROVE(!failed && boot_cpu.vcpu == &vcpu_of_test && boot_cpu.apic_id == cpus.apic_id[0], "this processor serves the first");
	if (cpus.count == 8)
		CANARY("eight");
	if (madt_error == 0 && madt_count == 8 && cpus.count == 1)
		CANARY("without flushes, one");
	if (madt_error != 0)
		CANARY("no table");
}

static bool is_guard(uint64_t page)
{
	bool found = false;

	for (uint32_t i = 0; i < guards && i < ARRAY_SIZE(guard); i++)
		found = found || guard[i] == page;
	return found;
}

/* Each stack has pages of its own, and a guard below. */
void prove_stacks(void)
{
	static struct percpu other;
	uint64_t top;
	va_t stack;

	paging_region_gpa = any_u64();
	ASSUME((paging_region_gpa & PAGE_MASK) == 0 && paging_region_gpa < LAUNCH_REGION_END);
	int error = give_frames(&other, &stack);

	PROVE((error == 0) == !failed, "no error is ignored");
	if (error != 0) {
		CANARY("no memory");
		return;
	}
	PROVE(guards == 4 && windows == 1 && other.scratch == pointed, "four guards, windows and a page to copy to");
	top = frames_at + frames_count * PAGE_SIZE;
	for (uint32_t i = 0; i < 4; i++) {
		uint64_t bottom = i == 0 ? stack.v : other.exception_stack[i - 1].v, size = (i == 0 ? 4 : 1) * PAGE_SIZE;

		PROVE(bottom > frames_at && bottom <= top && bottom - size > frames_at && (bottom & PAGE_MASK) == 0, "inside the memory that was allocated");
		PROVE(is_guard(bottom - size - PAGE_SIZE), "a guard below");
		for (uint32_t page = 0; page < size / PAGE_SIZE; page++)
			PROVE(!is_guard(bottom - (page + 1) * PAGE_SIZE), "none inside");
	}
	PROVE(stack.v < other.exception_stack[0].v && other.exception_stack[0].v < other.exception_stack[1].v &&
		      other.exception_stack[1].v < other.exception_stack[2].v, "one above the other");
	CANARY("given");
}

static uint32_t others_given, others_released, others_started;

int stub_give_frames(struct percpu *cpu, va_t *stack)
{
	PROVE(others_given == others_started && cpu == &other_cpus[others_given] && cpu->index == others_given + 1 &&
		      cpu->apic_id == cpus.apic_id[others_given + 1] && !cpu->online && cpu->ghcb == NULL, "one after the other");
	others_given++;
	*stack = va(0x5000 + others_given);
	return may_fail();
}

int platform_page_release(va_t address, bool size_2m)
{
	PROVE(!failed && !size_2m && address.v == paging_region_va(other_cpus[others_given - 1].ghcb_page).v, "the page that is to be shared is given back first");
	others_released++;
	return may_fail();
}

int platform_cpu_start(struct percpu *cpu, pa_t page, va_t stack, void (*entry)(struct percpu *))
{
	PROVE(!failed && cpu == &other_cpus[others_started] && others_released == others_given && stack.v == 0x5000 + others_given && entry == cpu_main,
	      "with its own stack, once its page can be shared");
	others_started++;
	cpu->online = true; /* at some time; the host may keep it from that, and the start waits */
	return may_fail();
}

void prove_start(void)
{
	cpus.count = 1 + any_u8() % 3u;
	for (uint32_t i = 0; i < 3; i++)
		cpus.apic_id[i] = any_u32();
	paging_region_gpa = any_u64();
	ASSUME(paging_region_gpa < LAUNCH_REGION_END);
	start_processors();
	PROVE(!failed && others_started == cpus.count - 1 && others_given == others_started, "all others, and no error is ignored");
	if (cpus.count == 3)
		CANARY("two others");
	if (cpus.count == 1)
		CANARY("none");
}
