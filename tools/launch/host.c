/* SPDX-License-Identifier: MIT */
#include <cpuid.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/launch/launch.h"

#define LINE_MAX_SIZE 8192u
#define PATH_SIZE 4096u

#define KERNEL_MAJOR 6u /* first with SEV-SNP in KVM */
#define KERNEL_MINOR 11u

#define REMEDY_CPU "use an AMD EPYC 7003 (Milan) or newer"
#define REMEDY_FIRMWARE \
	"turn on SEV-SNP in the machine's firmware setup (SMEE, SNP memory coverage, minimum ASID), and boot with iommu enabled (not iommu=off)"
#define REMEDY_PLANES \
	"use a kernel whose KVM has VM planes: the svsm branch of the COCONUT project's Linux; no released kernel has them yet"

void check_add(struct checks *checks, enum verdict verdict, const char *what, const char *remedy, const char *found, ...)
{
	struct check *check = &checks->list[checks->count];
	va_list arguments;

	if (checks->count == CHECKS_MAX)
		return;
	check->verdict = verdict;
	check->what = what;
	check->remedy = verdict == VERDICT_GOOD ? NULL : remedy;
	va_start(arguments, found);
	vsnprintf(check->found, sizeof(check->found), found, arguments);
	va_end(arguments);
	checks->count++;
}

static FILE *open_below(const char *root, const char *path)
{
	char whole[PATH_SIZE];

	if (snprintf(whole, sizeof(whole), "%s/%s", strcmp(root, "/") == 0 ? "" : root, path) >= (int)sizeof(whole))
		return NULL;
	return fopen(whole, "r");
}

static bool exists_below(const char *root, const char *path, int mode)
{
	char whole[PATH_SIZE];

	return snprintf(whole, sizeof(whole), "%s/%s", strcmp(root, "/") == 0 ? "" : root, path) < (int)sizeof(whole) &&
	       access(whole, mode) == 0;
}

/* First line of a file, without its newline; "" when there is none. */
static void read_line(const char *root, const char *path, char *line, size_t size)
{
	FILE *file = open_below(root, path);

	line[0] = '\0';
	if (file == NULL)
		return;
	if (fgets(line, (int)size, file) == NULL)
		line[0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	(void)fclose(file);
}

/* ---- processor ---- */

struct processor {
	char vendor[32], model[128], flags[LINE_MAX_SIZE];
	unsigned family;
};

/* "key<tabs>: value" of /proc/cpuinfo; NULL when the line has another key. */
static const char *value_of(const char *line, const char *key)
{
	size_t length = strlen(key);
	const char *colon;

	if (strncmp(line, key, length) != 0 || (line[length] != '\t' && line[length] != ':' && line[length] != ' '))
		return NULL;
	colon = strchr(line, ':');
	if (colon == NULL || strspn(line + length, "\t ") != (size_t)(colon - line) - length)
		return NULL;
	return colon + 1 + strspn(colon + 1, " ");
}

/* Of the first processor. */
static bool read_processor(const char *root, struct processor *processor)
{
	FILE *file = open_below(root, "proc/cpuinfo");
	char line[LINE_MAX_SIZE];

	memset(processor, 0, sizeof(*processor));
	if (file == NULL)
		return false;
	while (fgets(line, sizeof(line), file) != NULL && line[0] != '\n') {
		const char *value;

		line[strcspn(line, "\n")] = '\0';
		if ((value = value_of(line, "vendor_id")) != NULL)
			snprintf(processor->vendor, sizeof(processor->vendor), "%.31s", value);
		else if ((value = value_of(line, "model name")) != NULL)
			snprintf(processor->model, sizeof(processor->model), "%.127s", value);
		else if ((value = value_of(line, "cpu family")) != NULL)
			processor->family = (unsigned)strtoul(value, NULL, 10);
		else if ((value = value_of(line, "flags")) != NULL)
			snprintf(processor->flags, sizeof(processor->flags), "%s", value);
	}
	(void)fclose(file);
	return processor->vendor[0] != '\0';
}

static bool has_flag(const struct processor *processor, const char *flag)
{
	size_t length = strlen(flag);
	const char *at = processor->flags;

	while ((at = strstr(at, flag)) != NULL) {
		if ((at == processor->flags || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
			return true;
		at += length;
	}
	return false;
}

static void check_processor(const char *root, struct checks *checks)
{
	static const char what[] = "processor with SEV-SNP";
	static struct processor processor;

	if (!read_processor(root, &processor)) {
		check_add(checks, VERDICT_UNKNOWN, what, "mount /proc", "/proc/cpuinfo cannot be read");
		return;
	}
	if (strcmp(processor.vendor, "AuthenticAMD") != 0) {
		check_add(checks, VERDICT_MISSING, what, REMEDY_CPU, "%s, which is not AMD's", processor.model);
		return;
	}
	if (has_flag(&processor, "sev_snp")) {
		check_add(checks, VERDICT_GOOD, what, NULL, "%s", processor.model);
		return;
	}
	if (has_flag(&processor, "hypervisor"))
		check_add(checks, VERDICT_MISSING, what,
			  "run this on the machine itself: SEV-SNP guests cannot be started inside a virtual machine",
			  "this machine is a virtual one");
	else if (processor.family < 0x19)
		check_add(checks, VERDICT_MISSING, what, REMEDY_CPU, "%s is older than SEV-SNP", processor.model);
	else
		check_add(checks, VERDICT_MISSING, what, REMEDY_FIRMWARE, "%s does not show sev_snp", processor.model);
}

/* CPUID leaf 8000001F: the processor of the program that runs; a recorded root has it in a file. */
bool host_encryption_bits(const char *root, unsigned *c_bit, unsigned *reduced_bits)
{
	unsigned eax, ebx = 0, ecx, edx;
	char line[64];

	read_line(root, "sev-cpuid-ebx", line, sizeof(line));
	if (strcmp(root, "/") != 0) {
		ebx = (unsigned)strtoul(line, NULL, 0);
	} else if (__get_cpuid_count(0x8000001Fu, 0, &eax, &ebx, &ecx, &edx) == 0) {
		return false;
	}
	*c_bit = ebx & 0x3Fu;
	*reduced_bits = (ebx >> 6) & 0x3Fu;
	return *c_bit != 0;
}

/* ---- kernel and KVM ---- */

bool version_read(const char *text, unsigned *major, unsigned *minor)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	*major = (unsigned)strtoul(text, &end, 10);
	if (end[0] != '.' || end[1] < '0' || end[1] > '9')
		return false;
	*minor = (unsigned)strtoul(end + 1, &end, 10);
	return true;
}

static void check_kernel(const char *root, struct checks *checks)
{
	static const char what[] = "kernel that can host SEV-SNP";
	unsigned major = 0, minor = 0;
	char release[128];

	read_line(root, "proc/sys/kernel/osrelease", release, sizeof(release));
	if (!version_read(release, &major, &minor))
		check_add(checks, VERDICT_UNKNOWN, what, "mount /proc", "its version cannot be read");
	else if (major < KERNEL_MAJOR || (major == KERNEL_MAJOR && minor < KERNEL_MINOR))
		check_add(checks, VERDICT_MISSING, what, "use Linux 6.11 or newer", "Linux %s", release);
	else
		check_add(checks, VERDICT_GOOD, what, NULL, "Linux %s", release);
}

static void check_kvm(const char *root, struct checks *checks)
{
	static const char what[] = "KVM with SEV-SNP";
	char parameter[16];

	if (!exists_below(root, "dev/kvm", F_OK)) {
		check_add(checks, VERDICT_MISSING, what, "turn on SVM in the firmware setup, and load the module kvm_amd (modprobe kvm_amd)",
			  "there is no /dev/kvm");
		return;
	}
	if (!exists_below(root, "dev/kvm", R_OK | W_OK)) {
		check_add(checks, VERDICT_MISSING, what, "become a member of the group that owns it, usually kvm, or use root",
			  "/dev/kvm may not be opened by this user");
		return;
	}
	read_line(root, "sys/module/kvm_amd/parameters/sev_snp", parameter, sizeof(parameter));
	if (parameter[0] == 'Y' || parameter[0] == '1')
		check_add(checks, VERDICT_GOOD, what, NULL, "kvm_amd says sev_snp=%s", parameter);
	else if (parameter[0] == '\0')
		check_add(checks, VERDICT_MISSING, what, "load kvm_amd of a kernel that is built with CONFIG_KVM_AMD_SEV",
			  "the module kvm_amd is not loaded, or does not know SEV-SNP");
	else
		check_add(checks, VERDICT_MISSING, what,
			  "load kvm_amd with sev=1 sev_es=1 sev_snp=1, and look into dmesg for SEV-SNP: the firmware may not have set aside its memory",
			  "kvm_amd says sev_snp=%s", parameter);
}

static void check_security_processor(const char *root, struct checks *checks)
{
	static const char what[] = "security processor";

	if (exists_below(root, "dev/sev", F_OK))
		check_add(checks, VERDICT_GOOD, what, NULL, "/dev/sev is there");
	else
		check_add(checks, VERDICT_MISSING, what, "load the module ccp; dmesg says why its start failed", "there is no /dev/sev");
}

/* No number of a KVM capability is settled yet; the kernel's symbols tell. */
static void check_planes(const char *root, struct checks *checks)
{
	static const char what[] = "KVM with several privilege levels (VM planes)";
	FILE *file = open_below(root, "proc/kallsyms");
	bool any = false, found = false;
	char line[512];

	while (file != NULL && !found && fgets(line, sizeof(line), file) != NULL) {
		const char *name = strstr(line, "kvm_");

		any = any || name != NULL;
		found = name != NULL && strstr(name, "plane") != NULL;
	}
	if (file != NULL)
		(void)fclose(file);
	if (found)
		check_add(checks, VERDICT_GOOD, what, NULL, "the kernel has them");
	else if (any)
		check_add(checks, VERDICT_MISSING, what, REMEDY_PLANES, "this kernel's KVM does not have them");
	else
		check_add(checks, VERDICT_UNKNOWN, what, REMEDY_PLANES, "/proc/kallsyms does not show KVM's symbols");
}

void host_check(const char *root, struct checks *checks)
{
	check_processor(root, checks);
	check_kernel(root, checks);
	check_kvm(root, checks);
	check_security_processor(root, checks);
	check_planes(root, checks);
}
