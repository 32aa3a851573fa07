//! The two reports: their figures on both databases, their forms, and their pages in a real browser.

mod browser;
mod details;
mod fill;
mod summary;
mod webdriver;
