/* SPDX-License-Identifier: MIT */
/* The monitor's start on the boot CPU: checks what the host and the image gave, prepares the guest, runs it. */
#include "abi/launch.h"
#include "abi/terminate.h"
#include "kernel/guest/launch.h"
#include "kernel/guest/vcpu.h"
#include "kernel/mm/memory.h"
#include "kernel/platform/log.h"
#include "kernel/platform/platform.h"
#include "kernel/proc/door.h"
#include "kernel/protocol/protocol.h"
#include "kernel/psp/psp.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/paging.h"
#include "kernel/x86/percpu.h"
#include "kernel/x86/traps.h"
#include "lib/policy.h"
#include "lib/string.h"
#include "lib/wipe.h"

#define EXCEPTION_STACK_PAGES 2u /* a guard and a page */
#define CPU_STACK_PAGES 5u       /* a guard and 16 KiB */
#define CPU_STACK_FRAMES (CPU_STACK_PAGES + 3u * EXCEPTION_STACK_PAGES)
#define KIB 1024ull

void monitor_main(void);

static struct percpu boot_cpu;
static struct percpu other_cpus[PERCPU_MAX - 1];
static uint8_t exception_stacks[3][EXCEPTION_STACK_PAGES * PAGE_SIZE] __attribute__((aligned(4096)));

/* Private copies of what the host and the security processor wrote. */
static struct snp_cpuid_page cpuid;
static struct snp_secrets_page secrets;
static struct igvm_memory_map_entry host_map[PAGE_SIZE / sizeof(struct igvm_memory_map_entry)];
static uint8_t madt[PAGE_SIZE];
static struct memory_map memory;
static struct madt_cpus cpus;

static void *region(uint64_t offset)
{
	return (void *)(uintptr_t)(MONITOR_VA + offset);
}

static void require(int error, uint8_t code, const char *what)
{
	/* guards (caller): see the calls of require() */
	if (error != 0)
		log_panic(code, "%s (error %d)", what, error);
}

static void init_traps(void)
{
	for (uint32_t i = 0; i < 3; i++)
		boot_cpu.exception_stack[i] =
			va((uint64_t)(uintptr_t)exception_stacks[i] + sizeof(exception_stacks[i]));
	traps_init_cpu(&boot_cpu);
}

/* The lowest page of each exception stack is a guard. */
static void guard_stacks(void)
{
	for (uint32_t i = 0; i < 3; i++)
		memory_make_guard(va((uint64_t)(uintptr_t)exception_stacks[i]));
}

static void copy_inputs(void)
{
	memcpy(&cpuid, region(LAUNCH_OFF_CPUID), sizeof(cpuid));
	memcpy(&secrets, region(LAUNCH_OFF_SECRETS), sizeof(secrets));
	memcpy(host_map, region(LAUNCH_OFF_PARAM_MEMORY), sizeof(host_map));
	memcpy(madt, region(LAUNCH_OFF_PARAM_MADT), sizeof(madt));
}

/* Own memory first: nothing before this allocates. */
static void init_memory(const struct launch_block *block, const struct policy_page *policy)
{
	pa_t frame;

	require(memory_frames_init(block->image_end, block->free_end), TERMINATE_LAUNCH_BLOCK, "bad image size");
	require(memory_first_frame(&frame), TERMINATE_NO_MEMORY, "no memory for the GHCB");
	/* guards (host): there is a way to talk to the host */
	if (platform_cpu_init(&boot_cpu, frame) != 0)
		platform_terminate(TERMINATE_GHCB_REGISTER);
	if ((policy->flags & POLICY_FLAG_CONSOLE) != 0)
		log_enable_console((uint16_t)policy->serial_port);
	log_line("Cashew SVSM, image \"%s\", guest at VMPL%u", block->image_name, policy->guest_vmpl);
	require(memory_accept_region(), TERMINATE_MEMORY_STATE, "cannot accept the monitor's own memory");
	require(memory_windows_init(&boot_cpu), TERMINATE_NO_MEMORY, "no memory for the guest windows");
	require(memory_allocate(1, &frame), TERMINATE_NO_MEMORY, "no memory for the boot CPU");
	boot_cpu.scratch = paging_region_pointer(frame);
	guard_stacks();
}

/* Processors from the host's MADT; without one there is the boot processor alone. */
static void init_processors(void)
{
	int error = madt_parse(madt, sizeof(madt), &cpus);

	if (error != 0) {
		if (error != ERR_NOT_FOUND)
			log_line("the host's MADT is malformed (error %d): using one processor", error);
		cpus.count = 1;
		cpus.apic_id[0] = 0;
		cpus.length = 0;
	}
	if (cpus.count == 0)
		cpus.count = 1;
	if (cpus.count > PERCPU_MAX) {
		log_line("%u processors, of which %u are used", cpus.count, PERCPU_MAX);
		cpus.count = PERCPU_MAX;
	}
	if (cpus.count > 1 && !platform_flush_is_global()) {
		log_line("the host offers no INVLPGB, so of %u processors one is used", cpus.count);
		cpus.count = 1;
	}
	boot_cpu.apic_id = cpus.apic_id[0];
	require(vcpu_table_init(cpus.apic_id, cpus.count), TERMINATE_NO_MEMORY, "too many processors");
	boot_cpu.vcpu = vcpu_by_index(0);
}

/* Frames of another CPU, from the bottom: guard, stack, three times guard and exception stack, window tables, ... */
static int give_frames(struct percpu *cpu, va_t *stack)
{
	pa_t frames, scratch;
	int error = memory_allocate(CPU_STACK_FRAMES, &frames);
	va_t at;

	if (error == 0)
		error = memory_allocate(1, &scratch);
	if (error == 0)
		error = memory_windows_init(cpu);
	if (error != 0)
		return error;
	cpu->scratch = paging_region_pointer(scratch);
	at = paging_region_va(frames);
	memory_make_guard(at);
	at.v += CPU_STACK_PAGES * PAGE_SIZE;
	*stack = at;
	for (uint32_t i = 0; i < 3; i++) {
		memory_make_guard(at);
		at.v += EXCEPTION_STACK_PAGES * PAGE_SIZE;
		cpu->exception_stack[i] = at;
	}
	return 0;
}

static void cpu_main(struct percpu *cpu)
{
	traps_init_cpu(cpu);
	/* guards (host): there is a way to talk to the host */
	if (platform_cpu_init(cpu, cpu->ghcb_page) != 0)
		platform_terminate(TERMINATE_GHCB_REGISTER);
	cpu->online = true;
	vcpu_run(cpu->vcpu);
}

/* Every processor of the MADT gets a CPU of the monitor before the guest starts; it then waits for its vCPU. */
static void start_processors(void)
{
	for (uint32_t i = 1; i < cpus.count; i++) {
		struct percpu *cpu = &other_cpus[i - 1];
		va_t stack;
		pa_t area;

		*cpu = (struct percpu){ .index = i, .apic_id = cpus.apic_id[i], .vcpu = vcpu_by_index(i) };
		require(give_frames(cpu, &stack), TERMINATE_NO_MEMORY, "no memory for another processor");
		require(memory_allocate(1, &area), TERMINATE_NO_MEMORY, "no memory for another processor");
		require(memory_allocate(1, &cpu->ghcb_page), TERMINATE_NO_MEMORY, "no memory for another processor");
		require(platform_page_release(paging_region_va(cpu->ghcb_page), false), TERMINATE_MEMORY_STATE,
			"cannot share a page of the monitor");
		require(platform_cpu_start(cpu, area, stack, cpu_main), TERMINATE_HOST_FEATURES,
			"the host does not start another processor");
		while (!cpu->online)
			cpu_pause();
	}
}

static void init_guest_memory(const struct launch_block *block)
{
	const struct page_range firmware = launch_firmware(block);

	require(memory_map_parse(&memory, host_map, ARRAY_SIZE(host_map), paging_c_bit), TERMINATE_MEMORY_MAP,
		"the host's memory map is malformed");
	require(memory_pages_init(&memory, &firmware), TERMINATE_MEMORY_MAP,
		"the host's memory map leaves no room for page states");
}

/* Who needs a message key has it by now: VMPL0's is in the mailbox, the guest's are in its own secrets page. */
static void forget_keys(void)
{
	wipe(&secrets, sizeof(secrets));
	wipe(region(LAUNCH_OFF_SECRETS), PAGE_SIZE);
}

void monitor_main(void)
{
	const struct launch_block *block = region(LAUNCH_OFF_BLOCK);
	const struct policy_page *policy = region(LAUNCH_OFF_POLICY);
	struct launch_inputs inputs = { .block = block,
					.policy = policy,
					.guest_vmsa = region(LAUNCH_OFF_GUEST_VMSA),
					.cpuid = &cpuid,
					.secrets = &secrets,
					.madt = madt,
					.map = &memory };

	init_traps();
	copy_inputs();
	platform_early_init(&cpuid);
	/* guards (image): the measured launch block is for this monitor and consistent */
	if (!launch_block_check(block, paging_c_bit) || policy_check(policy) != NULL)
		platform_terminate(TERMINATE_LAUNCH_BLOCK);
	init_memory(block, policy);
	init_processors();
	init_guest_memory(block);
	inputs.madt_length = cpus.length;
	log_line("%llu MiB for the guest, %u processor%s, monitor %llu KiB, page states %llu KiB",
		 (unsigned long long)(memory_map_total(&memory) / (KIB * KIB)), vcpu_count(),
		 vcpu_count() == 1 ? "" : "s", (unsigned long long)(memory_used() / KIB),
		 (unsigned long long)(memory_pages_size() / KIB));
	if ((block->flags & LAUNCH_FLAG_TEST) != 0)
		protocol_test_plant();
	user_init_cpu();
	psp_init(&secrets);
	protocol_attest_init();
	services_start(block, policy, &cpuid);
	protocol_test_enabled = (block->flags & LAUNCH_FLAG_TEST) != 0;
	start_processors();
	launch_prepare(&inputs);
	forget_keys();
	log_line("starting the guest");
	vcpu_run(boot_cpu.vcpu);
}
