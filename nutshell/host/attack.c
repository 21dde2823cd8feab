/* SPDX-License-Identifier: MIT */
#include "nutshell/host/attack.h"

#include "abi/launch.h"
#include "abi/nutshell.h"
#include "lib/string.h"
#include "nutshell/host/host.h"
#include "nutshell/psp.h"

#define MONITOR_GPA 0xFC000000ull /* where images of the recipe "qemu" have it: the ones that are attacked */
#define GHCB_BITMAP 0x3F0u
#define CHECKSUM_AT 9u
#define WITH_ERROR_CODE (1u << 8 | 0x1Fu << 10 | 1u << 17 | 1u << 21 | 3u << 29) /* exceptions, a bit each */

/* A step that is under way on a vCPU: the lock is free for a while during some. */
struct context {
	uint32_t vmpl; /* who asked */
	uint64_t ghcb; /* 0: by MSR */
	uint64_t request;
	uint64_t info_1, info_2, rax, page;
	uint32_t follow; /* rules (a bit each) for after the answer */
};

bool attack_enabled;

static struct attack_script script;
static struct context contexts[MACHINE_VCPU_MAX];
static uint64_t target;
static bool launching;
static uint8_t slots[ATTACK_SLOTS][PAGE_SIZE];
static struct {
	struct attack_rule *rule; /* NULL: nothing is watched */
	uint64_t gpa;
	uint32_t reads[sizeof(uint64_t)]; /* by address of the first byte, since the host or VMPL0 wrote */
	bool turned;
} turn;

void attack_init(const char *text, uint64_t size)
{
	const char *why = "longer than 16 KiB";
	uint32_t line = size > ATTACK_SIZE_MAX ? 1 : attack_parse(&script, text, size, &why);

	if (line != 0)
		machine_stop(STOP_LAUNCH, "attack, line %u: %s", line, why);
	attack_enabled = true;
	target = 0;
	memset(&turn, 0, sizeof(turn));
	machine_watch(~0ull);
	memset(contexts, 0, sizeof(contexts));
	machine_log("attack: %u rules", script.count);
}

/* ---- addresses ---- */

static uint64_t area_of(const struct vcpu *vcpu)
{
	uint64_t found = 0;

	for (uint32_t level = 1; level < SNP_VMPL_COUNT; level++)
		found = vcpu->level[level].vmsa_gpa != 0 ? vcpu->level[level].vmsa_gpa : found;
	return found;
}

uint64_t attack_base(uint8_t base)
{
	switch (base) {
	case BASE_MONITOR:
		return MONITOR_GPA;
	case BASE_CPUID:
		return MONITOR_GPA + LAUNCH_OFF_CPUID;
	case BASE_SECRETS:
		return MONITOR_GPA + LAUNCH_OFF_SECRETS;
	case BASE_PARAMETERS:
		return MONITOR_GPA + LAUNCH_OFF_PARAM_GENERAL;
	case BASE_MEMORY_MAP:
		return MONITOR_GPA + LAUNCH_OFF_PARAM_MEMORY;
	case BASE_MADT:
		return MONITOR_GPA + LAUNCH_OFF_PARAM_MADT;
	default:
		return 0;
	}
}

static uint64_t base_of(uint8_t base, const struct vcpu *vcpu, const struct context *context)
{
	switch (base) {
	case BASE_TARGET:
		return target;
	case BASE_GHCB:
		return context->ghcb;
	case BASE_PAGE:
		return context->page;
	case BASE_REQUEST:
		return context->info_1;
	case BASE_RESPONSE:
		return context->info_2;
	case BASE_CERTIFICATES:
		return context->rax;
	case BASE_AREA:
		return area_of(vcpu);
	case BASE_OTHER_AREA:
		return area_of(&machine_vcpu[(vcpu->index + 1u) % machine_vcpu_count]);
	default:
		return attack_base(base);
	}
}

static bool is_private(uint64_t gpa)
{
	const struct rmp_entry *entry = rmp_lookup(gpa);

	return entry != NULL && entry->assigned != 0;
}

uint8_t *attack_bytes(uint64_t gpa)
{
	uint8_t *page = is_private(gpa) ? machine_ram_page(gpa) : host_shared_page(gpa);

	return page == NULL ? NULL : page + (gpa & PAGE_MASK);
}

/* ---- actions on memory ---- */

/*
 * Before the start the host writes what is not measured. (The CPUID and secrets pages are the security processor's: it is
 * one that lies.)
 */
static bool is_unmeasured(uint64_t gpa)
{
	return launching && range_within(gpa, 8, MONITOR_GPA + LAUNCH_OFF_CPUID, MONITOR_GPA + LAUNCH_OFF_POLICY);
}

/* Another physical page: what was there is gone, and it is not validated. */
static bool replace(uint64_t gpa)
{
	return host_set_shared(gpa, false) && host_set_private(gpa, false);
}

/* The bytes that the host may write to; it pays for private ones with the page. NULL: it cannot. */
static uint8_t *writable_at(uint64_t gpa)
{
	if (is_private(gpa) && !is_unmeasured(gpa) && !replace(align_down(gpa, PAGE_SIZE)))
		return NULL;
	return attack_bytes(gpa);
}

static uint64_t mix(uint64_t value)
{
	value = (value ^ value >> 31) * 0x9E3779B97F4A7C15ull;
	value = (value ^ value >> 29) * 0xBF58476D1CE4E5B9ull;
	return value ^ value >> 32;
}

static bool fill_with_noise(uint64_t gpa, uint64_t seed)
{
	uint8_t *page = writable_at(align_down(gpa, PAGE_SIZE));

	for (uint32_t i = 0; page != NULL && i < PAGE_SIZE; i += sizeof(uint64_t)) {
		uint64_t word = mix(seed + i);

		memcpy(page + i, &word, sizeof(word));
	}
	return page != NULL;
}

static bool write_word(uint64_t gpa, uint64_t value)
{
	uint8_t *to = (gpa & PAGE_MASK) > PAGE_SIZE - sizeof(value) ? NULL : writable_at(gpa);

	if (to != NULL)
		memcpy(to, &value, sizeof(value));
	return to != NULL;
}

/* ACPI: all bytes of the table together are zero, by the one at 9. */
static bool make_checksum(uint64_t gpa, uint64_t size)
{
	uint8_t *table = (gpa & PAGE_MASK) + size > PAGE_SIZE ? NULL : writable_at(gpa), sum = 0;

	if (table == NULL)
		return false;
	table[CHECKSUM_AT] = 0;
	for (uint64_t i = 0; i < size; i++)
		sum = (uint8_t)(sum + table[i]);
	table[CHECKSUM_AT] = (uint8_t)-sum;
	return true;
}

/*
 * Watches 8 bytes of a page of the host's: whoever reads one of them a second time, as only a host can expect it that changes it
 * between the two, reads something else. A read that begins at another address counts on its own: fields may be smaller.
 */
static bool begin_turn(struct attack_rule *rule, uint64_t gpa)
{
	if ((gpa & PAGE_MASK) > PAGE_SIZE - sizeof(uint64_t) || host_shared_page(gpa) == NULL)
		return false;
	memset(&turn, 0, sizeof(turn));
	turn.rule = rule;
	turn.gpa = gpa;
	machine_watch(gpa);
	return true;
}

static void turn_now(const struct vcpu *vcpu)
{
	uint8_t *page = host_shared_page(turn.gpa);
	uint64_t word;

	if (page == NULL || turn.turned)
		return;
	turn.turned = true;
	memcpy(&word, page + (turn.gpa & PAGE_MASK), sizeof(word));
	word ^= turn.rule->number[0];
	memcpy(page + (turn.gpa & PAGE_MASK), &word, sizeof(word));
	machine_log("attack: line %u: READ TWICE: what the host wrote at 0x%llx, by the instruction at 0x%llx", turn.rule->line,
		    (unsigned long long)turn.gpa, (unsigned long long)vcpu_rip(vcpu));
}

void host_watched_access(struct vcpu *vcpu, uint64_t gpa, bool write)
{
	uint64_t at = gpa - turn.gpa;

	if (turn.rule == NULL || at >= ARRAY_SIZE(turn.reads))
		return;
	if (write) { /* what is read next is VMPL0's own, or the host's answer to it */
		memset(turn.reads, 0, sizeof(turn.reads));
		turn.turned = false;
		return;
	}
	if (turn.rule->done++ == 0)
		machine_log("attack: line %u begins", turn.rule->line);
	if (++turn.reads[at] > 1)
		turn_now(vcpu);
}

static bool save(uint64_t slot, uint64_t gpa)
{
	const uint8_t *page = attack_bytes(align_down(gpa, PAGE_SIZE));

	if (page != NULL)
		memcpy(slots[slot], page, PAGE_SIZE);
	return page != NULL;
}

static bool put(uint64_t slot, uint64_t gpa)
{
	uint8_t *page = writable_at(align_down(gpa, PAGE_SIZE));

	if (page != NULL)
		memcpy(page, slots[slot], PAGE_SIZE);
	return page != NULL;
}

/* As if the monitor had done it: no change of the reverse map. */
static bool leak(uint64_t which, uint64_t gpa)
{
	uint8_t canary[ATTACK_CANARY_MAX];
	uint32_t size = attack_canary((uint32_t)which, canary);
	uint8_t *to = (gpa & PAGE_MASK) > PAGE_SIZE - sizeof(canary) ? NULL : attack_bytes(gpa);

	if (to != NULL)
		memcpy(to, canary, size);
	return to != NULL && size != 0;
}

static bool change_memory(const struct attack_rule *rule, uint64_t gpa)
{
	switch (rule->action) {
	case ACTION_SHARE:
		return host_set_shared(gpa, false);
	case ACTION_PRIVATE:
		return replace(align_down(gpa, PAGE_SIZE));
	case ACTION_LARGE:
		return host_set_private(align_down(gpa, PAGE_SIZE_2M), true);
	case ACTION_SMASH:
		return rmp_psmash(gpa) == 0;
	case ACTION_VALIDATED:
		return rmp_launch_page(align_down(gpa, PAGE_SIZE), false) == 0;
	case ACTION_WRITE:
		return write_word(gpa, rule->number[0]);
	case ACTION_NOISE:
		return fill_with_noise(gpa, rule->number[0] + rule->seen * PAGE_SIZE);
	case ACTION_CHECKSUM:
		return make_checksum(gpa, rule->number[0]);
	case ACTION_SAVE:
		return save(rule->number[0], gpa);
	case ACTION_PUT:
		return put(rule->number[0], gpa);
	case ACTION_LEAK:
		return leak(rule->number[0], gpa);
	default:
		return false;
	}
}

/* ---- actions on answers ---- */

static bool answer(const struct attack_rule *rule, struct level *level, const struct context *context)
{
	if (context->ghcb != 0)
		return false;
	if (rule->action == ACTION_FLIP)
		level->ghcb_msr ^= rule->number[0];
	else
		level->ghcb_msr = rule->action == ACTION_ANSWER ? rule->number[0] : mix(rule->number[0] + rule->seen);
	return true;
}

/* A field that the host fills is one that it marks. */
static bool write_ghcb(const struct context *context, uint64_t offset, uint64_t value)
{
	uint8_t *page = context->ghcb == 0 ? NULL : host_shared_page(context->ghcb);

	if (page == NULL)
		return false;
	memcpy(page + offset, &value, sizeof(value));
	if (offset < GHCB_BITMAP)
		page[GHCB_BITMAP + offset / 64u] = (uint8_t)(page[GHCB_BITMAP + offset / 64u] | 1u << (offset / 8u % 8u));
	return true;
}

/* What a host says that has done as it was told. */
static bool succeed(struct vcpu *vcpu, const struct context *context)
{
	struct level *level = &vcpu->level[context->vmpl];

	if (context->ghcb != 0)
		return write_ghcb(context, offsetof(struct ghcb, sw_exit_info_1), 0) &&
		       write_ghcb(context, offsetof(struct ghcb, sw_exit_info_2), 0);
	switch (context->request & GHCB_MSR_CODE_MASK) {
	case GHCB_MSR_REGISTER_REQ:
		level->ghcb_msr = (context->request & ~GHCB_MSR_CODE_MASK) | GHCB_MSR_REGISTER_RSP;
		break;
	case GHCB_MSR_PSC_REQ:
		level->ghcb_msr = GHCB_MSR_PSC_RSP;
		break;
	case GHCB_MSR_RUN_VMPL_REQ:
		level->ghcb_msr = GHCB_MSR_RUN_VMPL_RSP;
		break;
	default: /* the request itself is what the guest reads */
		break;
	}
	return true;
}

/* Runs a level; when the hardware refuses, the level that asked goes on as if it had run. */
static bool enter(const struct attack_rule *rule, struct vcpu *vcpu, const struct context *context, uint64_t area)
{
	struct level *level = &vcpu->level[rule->number[0]];
	uint64_t registered = level->vmsa_gpa;

	if (context->vmpl == vcpu->vmpl && (context->request != 0 || context->ghcb != 0))
		(void)succeed(vcpu, context);
	if (rule->action == ACTION_RUN_AREA)
		level->vmsa_gpa = area;
	if (vcpu_switch(vcpu, (uint32_t)rule->number[0],
			context->request != 0 || context->ghcb != 0 ? SVM_EXIT_VMGEXIT : SVM_EXIT_NPF) != 0)
		machine_trace("attack: the hardware does not run VMPL%u", (uint32_t)rule->number[0]);
	level->vmsa_gpa = registered;
	return true;
}

/* Hardware asks the host whether there is an error code. */
static void inject(const struct attack_rule *rule, struct vcpu *vcpu)
{
	uint8_t vector = (uint8_t)rule->number[0];
	bool has_error = (WITH_ERROR_CODE >> vector & 1u) != 0;

	vcpu_inject(vcpu, vector, has_error == (rule->action == ACTION_EXCEPTION), 0);
}

/* ---- rules ---- */

/* True when the step is dealt with. */
static bool apply(struct attack_rule *rule, struct vcpu *vcpu, const struct context *context)
{
	uint64_t gpa = base_of(rule->address.base, vcpu, context) + rule->address.offset;
	bool done, taken = false;

	machine_trace("attack: line %u", rule->line);
	switch (rule->action) {
	case ACTION_ANSWER:
	case ACTION_FLIP:
		done = answer(rule, &vcpu->level[context->vmpl], context);
		break;
	case ACTION_RANDOM:
		done = context->ghcb != 0 ? fill_with_noise(context->ghcb, rule->number[0] + rule->seen * PAGE_SIZE) :
					    answer(rule, &vcpu->level[context->vmpl], context);
		break;
	case ACTION_GHCB:
		done = write_ghcb(context, rule->number[0], rule->number[1]);
		break;
	case ACTION_SKIP:
		done = taken = succeed(vcpu, context);
		break;
	case ACTION_ENTER:
	case ACTION_RUN_AREA:
		done = taken = enter(rule, vcpu, context, gpa);
		break;
	case ACTION_EXCEPTION:
	case ACTION_MISSHAPEN:
		inject(rule, vcpu);
		done = true;
		break;
	case ACTION_TURN:
		(void)begin_turn(rule, gpa);
		return false; /* done when VMPL0 reads it */
	case ACTION_INTERRUPT:
		vcpu_set_interrupt(vcpu, (uint8_t)rule->number[0]);
		done = true;
		break;
	default:
		done = change_memory(rule, gpa);
		break;
	}
	if (done && rule->done++ == 0)
		machine_log("attack: line %u begins", rule->line);
	return taken;
}

static bool matches(struct attack_rule *rule, enum attack_step step, uint32_t vmpl, uint32_t number)
{
	if (rule->step != step || (step >= STEP_FAULT && rule->guest != (vmpl != 0)))
		return false;
	rule->seen++;
	if (step != STEP_MARK)
		number = rule->seen;
	return number >= rule->first && number <= rule->last;
}

/* One step: rules for before it are carried out, those for after it noted. True when it is dealt with. */
static bool take_step(enum attack_step step, struct vcpu *vcpu, struct context *context, uint32_t number)
{
	bool taken = false;

	for (uint32_t i = 0; i < script.count; i++) {
		struct attack_rule *rule = &script.rule[i];

		if (!matches(rule, step, context->vmpl, number))
			continue;
		if (!rule->before)
			context->follow |= 1u << i;
		else
			taken = apply(rule, vcpu, context) || taken;
	}
	return taken;
}

static void follow(struct vcpu *vcpu, struct context *context)
{
	for (uint32_t i = 0; i < script.count; i++) {
		if ((context->follow >> i & 1u) != 0)
			(void)apply(&script.rule[i], vcpu, context);
	}
	context->follow = 0;
}

/* ---- steps ---- */

void attack_at_launch(void)
{
	struct context context = { 0 };

	if (!attack_enabled)
		return;
	attack_secrets_init(&script);
	attack_search_init();
	launching = true;
	(void)take_step(STEP_LAUNCH, &machine_vcpu[0], &context, 1);
	follow(&machine_vcpu[0], &context);
	launching = false;
}

void attack_at_mark(struct vcpu *vcpu, uint32_t number, uint64_t address)
{
	struct context context = { .vmpl = vcpu->vmpl };

	if (!attack_enabled)
		return;
	target = address;
	(void)take_step(STEP_MARK, vcpu, &context, number);
	follow(vcpu, &context);
}

void attack_at_timer(struct vcpu *vcpu)
{
	struct context context = { .vmpl = vcpu->vmpl };

	if (!attack_enabled || !vcpu_is_user(vcpu))
		return;
	(void)take_step(STEP_TIMER, vcpu, &context, 1);
	follow(vcpu, &context);
}

bool attack_before_fault(struct vcpu *vcpu)
{
	struct context context = { .vmpl = vcpu->vmpl };

	return attack_enabled && take_step(STEP_FAULT, vcpu, &context, 1);
}

static enum attack_step step_of_msr(uint64_t request)
{
	switch (request & GHCB_MSR_CODE_MASK) {
	case GHCB_MSR_SEV_INFO_REQ:
		return STEP_SEV_INFO;
	case GHCB_MSR_REGISTER_REQ:
		return STEP_REGISTER;
	case GHCB_MSR_PSC_REQ:
		return STEP_PSC_MSR;
	case GHCB_MSR_RUN_VMPL_REQ:
		return STEP_RUN;
	case GHCB_MSR_FEATURES_REQ:
		return STEP_FEATURES;
	default:
		return STEP_NONE;
	}
}

static enum attack_step step_of_event(uint64_t code)
{
	switch (code) {
	case SVM_EXIT_IOIO:
		return STEP_IO;
	case SVM_EXIT_MSR:
		return STEP_MSR;
	case GHCB_EXIT_PSC:
		return STEP_PSC;
	case GHCB_EXIT_GUEST_REQUEST:
	case GHCB_EXIT_EXTENDED_GUEST_REQUEST:
		return STEP_MESSAGE;
	case GHCB_EXIT_AP_CREATION:
		return STEP_CREATE;
	case GHCB_EXIT_RUN_VMPL:
		return STEP_RUN;
	default:
		return STEP_NONE;
	}
}

static uint64_t first_of_list(const struct ghcb *ghcb)
{
	struct psc_desc list;

	memcpy(&list, ghcb->shared_buffer, sizeof(list));
	return list.header.cur_entry < PSC_ENTRY_MAX ? list.entry[list.header.cur_entry] & PSC_ENTRY_GPA_MASK : 0;
}

static enum attack_step read_event(struct context *context)
{
	const struct ghcb *ghcb = (const struct ghcb *)(const void *)host_shared_page(context->ghcb);
	enum attack_step step = ghcb == NULL ? STEP_NONE : step_of_event(ghcb->sw_exit_code);

	if (ghcb == NULL)
		return step;
	context->info_1 = ghcb->sw_exit_info_1;
	context->info_2 = ghcb->sw_exit_info_2;
	context->rax = ghcb->rax;
	if (step == STEP_PSC)
		context->page = first_of_list(ghcb);
	return step;
}

static enum attack_step read_exit(struct context *context, uint64_t request)
{
	if ((request & GHCB_MSR_CODE_MASK) == 0) {
		context->ghcb = request;
		return read_event(context);
	}
	context->request = request;
	context->page = request & PSC_ENTRY_GPA_MASK;
	return step_of_msr(request);
}

/* What VMPL0 shows of itself. */
static void watch(const struct context *context, enum attack_step step)
{
	if (context->vmpl != 0)
		return;
	attack_secrets_read();
	attack_watch_word(context->request);
	if (context->ghcb != 0)
		attack_watch_page(context->ghcb);
	if (step == STEP_MESSAGE) {
		attack_watch_page(context->info_1);
		attack_watch_page(context->info_2);
	}
}

bool attack_before_exit(struct vcpu *vcpu, uint64_t request)
{
	struct context *context = &contexts[vcpu->index];
	enum attack_step step;
	bool taken;

	if (!attack_enabled)
		return false;
	*context = (struct context){ .vmpl = vcpu->vmpl };
	step = read_exit(context, request);
	watch(context, step);
	taken = take_step(STEP_EXIT, vcpu, context, 1);
	return (step != STEP_NONE && take_step(step, vcpu, context, 1)) || taken;
}

void attack_after_exit(struct vcpu *vcpu)
{
	if (attack_enabled)
		follow(vcpu, &contexts[vcpu->index]);
}

void attack_report(void)
{
	if (!attack_enabled)
		return;
	attack_enabled = false; /* what goes wrong from here on does not come back */
	for (uint32_t i = 0; i < script.count; i++)
		machine_log("attack: line %u: done %u times", script.rule[i].line, script.rule[i].done);
	attack_search_report();
}
