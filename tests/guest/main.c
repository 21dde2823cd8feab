/* SPDX-License-Identifier: MIT */
/* The payload: sets itself up at the guest's level and runs every test once. */
#include "tests/guest/test.h"

#include "abi/nutshell.h"
#include "lib/format.h"
#include "lib/string.h"
#include "tests/guest/ghcb.h"
#include "tests/guest/machine.h"
#include "tests/guest/paging.h"
#include "tests/guest/svsm.h"
#include "tests/guest/traps.h"

#define TERMINATE_NO_C_BIT 0x10u

extern const struct guest_test tests_start[], tests_end[];

void payload_main(void) __noreturn;

static const struct guest_test *running;
static uint32_t failures; /* of the running test */
static char reason[192];

void test_print(const char *format, ...)
{
	static char line[256];
	va_list arguments;
	size_t length;

	va_start(arguments, format);
	length = format_text_v(line, sizeof(line), format, arguments);
	va_end(arguments);
	ghcb_console(line, length);
}

void test_fail(const char *file, int line, const char *format, ...)
{
	va_list arguments;
	size_t length;

	if (failures++ > 0)
		return;
	length = format_text(reason, sizeof(reason), "%s:%d: ", file, line);
	va_start(arguments, format);
	(void)format_text_v(reason + length, sizeof(reason) - length, format, arguments);
	va_end(arguments);
}

void test_die(const char *format, ...)
{
	static char text[128];
	va_list arguments;

	va_start(arguments, format);
	(void)format_text_v(text, sizeof(text), format, arguments);
	va_end(arguments);
	test_print("FAILED %s: %s\n", running != NULL ? running->name : "start", text);
	if (failures > 0)
		test_print("note: before that: %s\n", reason);
	machine_end(1);
}

void test_bench(const char *name, uint64_t value, const char *unit)
{
	test_print("bench %s %llu %s\n", name, (unsigned long long)value, unit);
}

static bool run(const struct guest_test *test)
{
	running = test;
	failures = 0;
	test->run();
	if (failures == 0)
		test_print("ok %s\n", test->name);
	else if (failures == 1)
		test_print("FAILED %s: %s\n", test->name, reason);
	else
		test_print("FAILED %s: %s (and %u more)\n", test->name, reason, failures - 1u);
	return failures == 0;
}

uint32_t test_rounds(void)
{
	return machine_device(NUTSHELL_PORT_PARAMETER) >> 8;
}

/* Areas are two digits: what they order is ordered as text, too. */
static bool wanted(const struct guest_test *test, uint32_t what)
{
	bool reset = strncmp(test->area, AREA_RESET, sizeof(AREA_RESET)) == 0;

	switch (what) {
	case RUN_SMP:
		return !reset && (test->area[0] != AREA_SMP[0] ? test->area[0] > AREA_SMP[0] :
								  test->area[1] >= AREA_SMP[1]);
	case RUN_STRESS:
		return strncmp(test->area, AREA_STRESS, sizeof(AREA_STRESS)) == 0;
	case RUN_RESET:
		return reset;
	default:
		return !reset;
	}
}

static void init(void)
{
	uint32_t leaf[4];

	traps_init();
	machine_cpuid(CPUID_SEV_LEAF, 0, leaf);
	if ((leaf[1] & CPUID_SEV_EBX_CBIT_MASK) < 32)
		ghcb_terminate(TERMINATE_NO_C_BIT);
	paging_init(leaf[1] & CPUID_SEV_EBX_CBIT_MASK);
	svsm_caa = MACHINE_SECRETS->svsm_caa;
	ghcb_init();
	test_print("payload: VMPL%u, C-bit %u, %llu MiB\n", MACHINE_SECRETS->svsm_guest_vmpl,
		   leaf[1] & CPUID_SEV_EBX_CBIT_MASK, (unsigned long long)(machine_ram_size() >> 20));
	if (machine_device(NUTSHELL_PORT_ID) != NUTSHELL_ID)
		test_die("there is no test device");
}

void payload_main(void)
{
	uint32_t passed = 0, failed = 0, what;

	init();
	what = machine_device(NUTSHELL_PORT_PARAMETER) & 0xFFu;
	for (const struct guest_test *test = tests_start; test < tests_end; test++) {
		if (!wanted(test, what))
			continue;
		if (run(test))
			passed++;
		else
			failed++;
	}
	test_print("%u passed, %u failed\n", passed, failed);
	machine_end(failed == 0 && passed != 0 ? 0 : 1);
}
