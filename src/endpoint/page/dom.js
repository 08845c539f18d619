"use strict";
// A form to try each route. Text is inserted as text, never as markup. The files of the script follow
// one another in one element, this one first and script.js last.
const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const make = (name, props = {}) => Object.assign(document.createElement(name), props);

const MAX_TEXT = 256 * 1024; // bytes of a body to show
const MAX_BINARY = 512; // bytes of a binary body to show
const MARKS = 400; // pieces marked on the timeline
const MOST = 200; // requests at once
const QUIET = 1000; // milliseconds without a piece after which an answer has stalled
const SHARED_AFTER = 300; // milliseconds from a change to its place in the address; browsers limit how often
const prefix = document.body.dataset.prefix;
const rows = $$("main details[data-path]");
